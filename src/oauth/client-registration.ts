// Dynamic client registration (RFC 7591), for a native client on the loopback interface (RFC 8252 §8.4).

import * as oauth from 'oauth4webapi';
import { CliError } from '../errors.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { findEndpoint } from './authorization-server.ts';
import type { Client, ClientAuthenticationMethod } from './client.ts';
import { clientAuthenticationMethods } from './client.ts';
import { refuseErrorResponse, translateLibraryErrors } from './error-response.ts';
import { libraryOptions } from './library-options.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type ClientRegistration = {
  readonly client: Client;
  /** Seconds since 1970; undefined when the secret does not expire or there is none. */
  readonly clientSecretExpiresAt: number | undefined;
  /** RFC 7592 §3; a secret. */
  readonly registrationAccessToken: string | undefined;
  readonly registrationClientUri: string | undefined;
  /** What the server registered; with secrets in it. */
  readonly metadata: Readonly<Record<string, unknown>>;
};

export type RegistrationOptions = {
  /** A loopback literal; with its port when the port is fixed. */
  readonly redirectUri: string;
  readonly scope: string | undefined;
  /** Further client metadata, or other values than ours; RFC 7591 §2. */
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
  readonly initialAccessToken?: string | undefined;
  readonly softwareStatement?: string | undefined;
};

/**
 * Registers a native client for a loopback redirect URI, a public one unless the metadata say otherwise.
 * What the server returns is what counts.
 * @throws CliError `usage` when the server has no registration endpoint; OAuthError; CliError `protocol_violation`
 * @see RFC 7591 §3.1, §3.2.1
 */
export async function registerClient(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  options: RegistrationOptions,
): Promise<ClientRegistration> {
  if (findEndpoint(server, 'registration_endpoint') === null) {
    throw new CliError('usage', `${server.issuer} does not register clients by itself`, {
      hint: 'register one there and give its id with --client-id',
    });
  }
  const { redirectUri, scope, initialAccessToken, softwareStatement } = options;
  return translateLibraryErrors(async () => {
    const response = await oauth.dynamicClientRegistrationRequest(
      server,
      {
        client_name: 'oauth-cli',
        application_type: 'native',
        redirect_uris: [redirectUri],
        grant_types: [
          'authorization_code',
          'refresh_token',
          ...(findEndpoint(server, 'device_authorization_endpoint') === null
            ? []
            : ['urn:ietf:params:oauth:grant-type:device_code']),
        ],
        response_types: ['code'],
        token_endpoint_auth_method: 'none',
        ...(scope === undefined ? {} : { scope }),
        ...(options.metadata as Record<string, oauth.JsonValue> | undefined),
        ...(softwareStatement === undefined ? {} : { software_statement: softwareStatement }),
      },
      {
        ...libraryOptions(protocolFetch, server),
        ...(initialAccessToken === undefined ? {} : { initialAccessToken }),
      },
    );
    await refuseErrorResponse(response, 'registration endpoint', [200, 201]);
    return clientRegistration(await response.json(), redirectUri);
  });
}

/** The redirect URI as it is registered: a loopback literal without its port. @see RFC 8252 §7.3 */
export function withoutPort(redirectUri: string): string {
  const url = new URL(redirectUri);
  url.port = '';
  return url.href;
}

/** What a registration or management response says. @throws CliError `protocol_violation` @see RFC 7591 §3.2.1 */
export function clientRegistration(
  body: unknown,
  requestedRedirectUri: string,
): ClientRegistration {
  const wire = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  const clientId = wire['client_id'];
  if (typeof clientId !== 'string' || clientId === '') {
    throw violation('the registration response has no client_id');
  }
  const redirectUris = wire['redirect_uris'];
  if (redirectUris !== undefined && !listContains(redirectUris, requestedRedirectUri)) {
    throw violation('the server registered the client without the loopback redirect URI');
  }
  const clientSecret = stringMember(wire, 'client_secret');
  return {
    client: {
      clientId,
      clientSecret,
      authentication: authenticationMethod(wire['token_endpoint_auth_method'], clientSecret),
      idTokenSignedResponseAlg: stringMember(wire, 'id_token_signed_response_alg'),
    },
    clientSecretExpiresAt: expiry(wire['client_secret_expires_at']),
    registrationAccessToken: stringMember(wire, 'registration_access_token'),
    registrationClientUri: stringMember(wire, 'registration_client_uri'),
    metadata: wire,
  };
}

/** RFC 7591 §2: client_secret_basic is the default when the response names no method. */
function authenticationMethod(
  value: unknown,
  clientSecret: string | undefined,
): ClientAuthenticationMethod {
  if (value === undefined) return clientSecret === undefined ? 'none' : 'client_secret_basic';
  const method = clientAuthenticationMethods.find((known) => known === value);
  if (method !== undefined) return method;
  throw violation(
    'the server registered the client with a token_endpoint_auth_method that was not asked for',
  );
}

function expiry(value: unknown): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) && value > 0 ? value : undefined;
}

function stringMember(wire: Record<string, unknown>, name: string): string | undefined {
  const value = wire[name];
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'string' && value !== '') return value;
  throw violation(`${name} in the registration response is not a string`);
}

function listContains(list: unknown, value: string): boolean {
  return Array.isArray(list) && list.includes(value);
}

function violation(message: string): CliError {
  return new CliError('protocol_violation', message);
}
