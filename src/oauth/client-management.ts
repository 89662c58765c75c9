// Managing a registered client: read, update, delete (RFC 7592 §2).

import { CliError } from '../errors.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { findEndpoint, requireEndpoint } from './authorization-server.ts';
import type { ClientRegistration } from './client-registration.ts';
import { clientRegistration } from './client-registration.ts';
import { refuseErrorResponse } from './error-response.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type ManagedClient = {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly registrationAccessToken: string;
  readonly registrationClientUri: string;
};

export type ClientManagement = {
  readonly registrationAccessToken: string | undefined;
  readonly registrationClientUri: string | undefined;
};

/**
 * The registration as it is now; secrets in it may be new ones.
 * @throws OAuthError `oauth_error`; CliError `protocol_violation`, `network`, `timeout`
 * @see RFC 7592 §2.1
 */
export async function readClient(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: ManagedClient,
): Promise<ClientRegistration> {
  const response = await send(protocolFetch, server, client, 'GET');
  await refuseErrorResponse(response, 'client configuration endpoint');
  return sameClient(client, await response.json());
}

/**
 * False only when the server says so (401 or 404): a person sent to the browser with a client that is unknown there
 * would see an error page that never comes back to us. True also where it cannot be asked.
 * @see RFC 7592 §2.1
 */
export async function isClientKnown(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  { registrationAccessToken, registrationClientUri }: ClientManagement,
): Promise<boolean> {
  const endpoint = findEndpoint(server, 'registration_endpoint');
  if (endpoint === null || registrationAccessToken === undefined) return true;
  if (registrationClientUri === undefined || !isAt(registrationClientUri, endpoint)) return true;
  const management = { registrationAccessToken, registrationClientUri };
  const response = await send(protocolFetch, server, management, 'GET');
  return response.status !== 401 && response.status !== 404;
}

/** Members of a response that an update must not send back; the secret stays as it is. */
const notSent = [
  'registration_access_token',
  'registration_client_uri',
  'client_secret_expires_at',
  'client_id_issued_at',
  'client_secret',
];

/**
 * Replaces the registration: what is `current`, with the changes.
 * @throws as `readClient`
 * @see RFC 7592 §2.2
 */
export async function updateClient(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: ManagedClient,
  current: Readonly<Record<string, unknown>>,
  changes: Readonly<Record<string, unknown>>,
): Promise<ClientRegistration> {
  const fields = Object.fromEntries(
    Object.entries({ ...current, ...changes, client_id: client.clientId }).filter(
      ([name]) => !notSent.includes(name),
    ),
  );
  const response = await send(protocolFetch, server, client, 'PUT', JSON.stringify(fields));
  await refuseErrorResponse(response, 'client configuration endpoint');
  return sameClient(client, await response.json());
}

/**
 * Resolves once the server has deleted the client.
 * @throws as `readClient`
 * @see RFC 7592 §2.3
 */
export async function deleteClient(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: ManagedClient,
): Promise<void> {
  const response = await send(protocolFetch, server, client, 'DELETE');
  await refuseErrorResponse(response, 'client configuration endpoint', [204]);
}

/** The URI is used as it was given, and only at the server that gave it. */
async function send(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  {
    registrationAccessToken,
    registrationClientUri,
  }: Omit<ManagedClient, 'clientId' | 'redirectUri'>,
  method: 'GET' | 'PUT' | 'DELETE',
  body?: string,
): Promise<Response> {
  if (!isAt(registrationClientUri, requireEndpoint(server, 'registration_endpoint'))) {
    throw new CliError(
      'protocol_violation',
      'registration_client_uri is not at the server that registered the client',
      { hint: 'the registration access token was not sent' },
    );
  }
  return protocolFetch(registrationClientUri, {
    method,
    headers: {
      accept: 'application/json',
      authorization: `Bearer ${registrationAccessToken}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    body,
    redirect: 'manual',
  });
}

function isAt(uri: string, { origin }: URL): boolean {
  return URL.canParse(uri) && new URL(uri).origin === origin;
}

function sameClient(client: ManagedClient, body: unknown): ClientRegistration {
  const registration = clientRegistration(body, client.redirectUri);
  if (registration.client.clientId === client.clientId) return registration;
  throw new CliError('protocol_violation', 'the server answered with another client', {
    hint: 'nothing was changed here',
  });
}
