// What every call into oauth4webapi is given.

import * as oauth from 'oauth4webapi';
import type { AuthorizationServer } from './authorization-server.ts';
import { isDevelopmentIssuer } from './issuer.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

/** Our bounded fetch; http endpoints only where the issuer itself is http on loopback. */
export function libraryOptions(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
): oauth.HttpRequestOptions<'GET' | 'POST', URLSearchParams | string | undefined> {
  return {
    [oauth.customFetch]: protocolFetch,
    // Marked as deprecated so that nobody uses it without a thought.
    // eslint-disable-next-line @typescript-eslint/no-deprecated
    [oauth.allowInsecureRequests]: isDevelopmentIssuer(server.issuer),
  };
}
