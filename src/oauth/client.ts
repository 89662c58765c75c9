// The client: its identifier and how it authenticates at the token endpoint (RFC 6749 §2.3, §2.3.1).

import type { Client as WireClient, ClientAuth } from 'oauth4webapi';
import { ClientSecretBasic, ClientSecretPost, None } from 'oauth4webapi';
import { CliError } from '../errors.ts';

/** The client authentication methods that oauth-cli has; RFC 7591 §2 `token_endpoint_auth_method`. */
export const clientAuthenticationMethods = [
  'none',
  'client_secret_basic',
  'client_secret_post',
] as const;
export type ClientAuthenticationMethod = (typeof clientAuthenticationMethods)[number];

export type Client = {
  readonly clientId: string;
  readonly authentication: ClientAuthenticationMethod;
  readonly clientSecret?: string | undefined;
  /** RFC 7591 §2 `id_token_signed_response_alg`; absent means the server's metadata decide. */
  readonly idTokenSignedResponseAlg?: string | undefined;
};

/** @throws CliError `usage` when it is no method that oauth-cli has */
export function checkClientAuthenticationMethod(value: string): ClientAuthenticationMethod {
  const method = clientAuthenticationMethods.find((known) => known === value);
  if (method !== undefined) return method;
  throw new CliError('usage', 'unknown client authentication method', {
    hint: `one of ${clientAuthenticationMethods.join(', ')}`,
  });
}

/** What oauth4webapi calls a client. */
export function wireClient(client: Client): WireClient {
  return client.idTokenSignedResponseAlg === undefined
    ? { client_id: client.clientId }
    : { client_id: client.clientId, id_token_signed_response_alg: client.idTokenSignedResponseAlg };
}

/** @throws CliError `usage` when the method needs a secret and there is none. @see RFC 6749 §2.3.1 */
export function clientAuthentication(client: Client): ClientAuth {
  switch (client.authentication) {
    case 'none':
      return None();
    case 'client_secret_basic':
      return ClientSecretBasic(requireSecret(client));
    case 'client_secret_post':
      return ClientSecretPost(requireSecret(client));
  }
}

function requireSecret(client: Client): string {
  if (client.clientSecret !== undefined) return client.clientSecret;
  throw new CliError('usage', `${client.authentication} needs a client secret`, {
    hint: 'give it with --client-secret-stdin, --client-secret-file or OAUTH_CLI_CLIENT_SECRET',
  });
}
