// RP-initiated logout: the URL at which a browser ends its session at the server (OpenID Connect RP-Initiated Logout §2).

import type { Environment } from '../environment.ts';
import { findEndpoint } from '../oauth/authorization-server.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { Profile } from '../profile/profile.ts';
import { userAgent } from '../version.ts';
import { serverOf } from './find-server.ts';

/**
 * Null when the server has no such endpoint. No ID token goes into it: a URL ends up in histories and logs.
 * @throws CliError `protocol_violation`, `network`, `timeout`
 */
export async function endSessionUrl(
  environment: Environment,
  profile: Profile,
): Promise<string | null> {
  const server = await serverOf(createProtocolFetch(environment, userAgent), profile);
  const url = findEndpoint(server, 'end_session_endpoint');
  if (url === null) return null;
  url.searchParams.set('client_id', profile.clientId);
  return url.href;
}
