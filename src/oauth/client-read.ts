// Reading a client's registration (RFC 7592 §2.1), to learn whether the server still knows it.

import type { AuthorizationServer } from './authorization-server.ts';
import { findEndpoint } from './authorization-server.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type ClientManagement = {
  readonly registrationAccessToken: string | undefined;
  readonly registrationClientUri: string | undefined;
};

/**
 * False only when the server says so (401 or 404, RFC 7592 §2.1): a person sent to the browser with a client that is
 * unknown there would see an error page that never comes back to us. True also where it cannot be asked.
 */
export async function isClientKnown(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  { registrationAccessToken: token, registrationClientUri: uri }: ClientManagement,
): Promise<boolean> {
  const endpoint = findEndpoint(server, 'registration_endpoint');
  if (token === undefined || uri === undefined || endpoint === null) return true;
  // The token goes nowhere but to the server that issued it.
  if (!URL.canParse(uri) || new URL(uri).origin !== endpoint.origin) return true;
  const response = await protocolFetch(uri, {
    method: 'GET',
    headers: { accept: 'application/json', authorization: `Bearer ${token}` },
    redirect: 'manual',
  });
  return response.status !== 401 && response.status !== 404;
}
