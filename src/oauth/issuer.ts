// Issuer identifiers: which ones may be asked for metadata at all (RFC 8414 §2, OpenID Connect Discovery §3).

import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';

/**
 * Checks what the user typed as an issuer and returns it unchanged, so that it can be compared byte by byte.
 * @throws CliError `usage`
 * @see RFC 8414 §2
 */
export function checkIssuer(issuer: string): string {
  const url = URL.canParse(issuer) ? new URL(issuer) : undefined;
  if (url === undefined || !/^https?:\/\//i.test(issuer)) {
    throw new CliError('usage', 'the issuer must be an https URL', {
      hint: /^[\w-]+(\.[\w-]+)+(:\d+)?(\/\S*)?$/.test(issuer)
        ? `did you mean https://${issuer}?`
        : 'for example https://accounts.example.com',
    });
  }
  // new URL drops line feeds and reads \ as /, so that what is asked would not be what was compared.
  if (/[\u0000-\u0020\u007f\\]/.test(issuer)) {
    throw new CliError(
      'usage',
      'the issuer must not contain a space, a backslash or a control character',
    );
  }
  if (url.username !== '' || url.password !== '') {
    throw new CliError('usage', 'the issuer must not contain a user name or password');
  }
  if (issuer.includes('?') || issuer.includes('#')) {
    throw new CliError('usage', 'the issuer must not contain a query or a fragment');
  }
  if (url.protocol === 'http:' && isLoopbackHost(url) === 'no') {
    throw new CliError('usage', `the issuer must use https: ${url.host} is not on this machine`, {
      hint: 'plain http is accepted for 127.0.0.1, [::1] and localhost only',
    });
  }
  return issuer;
}

/** Whether the issuer is a development server: plain http on loopback, where http endpoints are accepted too. */
export function isDevelopmentIssuer(issuer: string): boolean {
  const url = new URL(issuer);
  return url.protocol === 'http:' && isLoopbackHost(url) !== 'no';
}
