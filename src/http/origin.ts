// Origins that a profile's token may be sent to (RFC 6454 §4): compared whole, never by suffix or pattern.

import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';

/** Whether the URL's scheme, host and port are exactly those of one of the origins, each as `originOf` gives it. */
export function isAllowedOrigin(url: URL, allowedOrigins: readonly string[]): boolean {
  return (
    (url.protocol === 'https:' || url.protocol === 'http:') && allowedOrigins.includes(url.origin)
  );
}

/**
 * The origin that a person typed, serialized: lower case, no default port, no trailing slash.
 * @throws CliError `usage` when it is more than an origin, or http and not loopback
 */
export function parseOrigin(text: string): string {
  const url =
    /^https?:\/\/[^/\\@?#\s]+\/?$/i.test(text) && URL.canParse(text) ? new URL(text) : null;
  if (url === null) {
    throw new CliError('usage', 'an allowed origin is a scheme, a host and a port', {
      hint: 'for example https://api.example or https://api.example:8443',
    });
  }
  if (url.protocol === 'http:' && isLoopbackHost(url) === 'no') {
    throw new CliError(
      'usage',
      `${url.origin} cannot be an allowed origin: a token is sent over https only`,
    );
  }
  return url.origin;
}
