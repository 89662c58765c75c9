// Which URLs a token may be sent to at all (RFC 6750 §5.3), before any profile is asked.

import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';

/**
 * The URL of a request as typed: absolute, https (or http on loopback), without user name and password.
 * @throws CliError `usage`
 */
export function parseRequestUrl(text: string): URL {
  // The URL parser drops tabs and line feeds and reads \ as /, so that what is sent is not what was read.
  if (/[\u0000-\u0020\u007f\\]/.test(text)) {
    throw usage(
      'the URL contains a space, a backslash or a control character',
      'percent-encode it',
    );
  }
  if (!/^https?:\/\/[^/]/i.test(text)) {
    throw usage('the URL is not an absolute http or https URL', 'begin it with https://');
  }
  if (!URL.canParse(text)) throw usage('the URL is malformed');
  const url = new URL(text);
  if (url.username !== '' || url.password !== '' || /^[^/]*\/\/[^/?#]*@/.test(text)) {
    throw usage('the URL contains a user name or password', 'the token is all that is sent');
  }
  if (url.protocol === 'http:' && isLoopbackHost(url) === 'no') {
    throw usage(`no token is sent to ${url.origin} over plain http`, 'use https');
  }
  return url;
}

/** What is unwise about a URL and not forbidden; sentences for stderr. @see RFC 6750 §5.3 */
export function urlWarnings(url: URL): readonly string[] {
  return url.searchParams.has('access_token')
    ? [
        'the URL contains access_token: URLs end up in logs, and the token is in the Authorization header anyway',
      ]
    : [];
}

function usage(message: string, hint?: string): CliError {
  return new CliError('usage', message, { hint });
}
