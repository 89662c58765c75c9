// The client that a login uses: the one named, else the profile's, else one registered now (RFC 7591).

import type { Environment, Random } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { Client } from '../oauth/client.ts';
import { checkClientAuthenticationMethod } from '../oauth/client.ts';
import { isClientKnown } from '../oauth/client-read.ts';
import { registerClient, withoutPort } from '../oauth/client-registration.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { Profile } from '../profile/profile.ts';
import type { ClientSecrets } from '../tokens/profile-secrets.ts';
import { findClientSecrets, unlessDamaged } from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';

export type LoginClient = {
  readonly client: Client;
  readonly registered: boolean;
  /** As registered: without the port. */
  readonly redirectUri: string;
  /** What to keep beside the tokens; null when the client has no secrets. */
  readonly secrets: ClientSecrets | null;
};

export type ClientInput = {
  readonly existing: Profile | null;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: string | undefined;
  /** Where a person registers a client, when that is known. */
  readonly registerAt?: string | undefined;
};

/** The redirect URI's path: the profile's own, or a new one that no other client has. @see RFC 8252 §8.10 */
export function callbackPath(
  random: Random,
  existing: Profile | null,
  clientId: string | undefined,
): string {
  if (existing !== null) return new URL(existing.redirectUri).pathname;
  // A person has registered this one by hand, and must have known what to write there.
  if (clientId !== undefined) return '/callback';
  const name = [...random.bytes(9)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return `/cb/${name}`;
}

/** @throws CliError `usage`, and what registration throws */
export async function findLoginClient(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  store: SecretStore,
  server: AuthorizationServer,
  redirectUriInUse: string,
  input: ClientInput,
  scope: string | undefined,
): Promise<LoginClient> {
  const redirectUri = withoutPort(redirectUriInUse);
  const { existing } = input;
  const clientId =
    input.clientId ?? (existing?.registered === false ? existing.clientId : undefined);
  if (clientId !== undefined) return namedClient(environment, store, input, clientId, redirectUri);
  if (existing?.redirectUri === redirectUri) {
    const client = await profileClient(protocolFetch, store, server, existing, redirectUri);
    if (client !== null) return client;
  }
  if (input.registerAt !== undefined && server.registration_endpoint === undefined) {
    throw new CliError('usage', `${server.issuer} needs a client of yours`, {
      hint: `register one at ${input.registerAt} and give its id with --client-id`,
    });
  }
  const registration = await registerClient(protocolFetch, server, redirectUri, scope);
  const { client, ...secrets } = registration;
  return {
    client,
    registered: true,
    redirectUri,
    secrets:
      client.clientSecret === undefined && secrets.registrationAccessToken === undefined
        ? null
        : { clientSecret: client.clientSecret, ...secrets },
  };
}

/** The client that a profile's tokens belong to. @throws StoreError; CliError `usage` */
export async function clientOf(store: SecretStore, profile: Profile): Promise<Client> {
  const secrets = await findClientSecrets(store, profile);
  return clientFrom(profile, secrets);
}

/** A client that a person has registered; what is not given again is taken from the profile that has it. */
async function namedClient(
  environment: Environment,
  store: SecretStore,
  input: ClientInput,
  clientId: string,
  redirectUri: string,
): Promise<LoginClient> {
  const known = input.existing?.clientId === clientId ? input.existing : null;
  const stored = known === null ? null : await unlessDamaged(() => findClientSecrets(store, known));
  const given = input.clientSecret ?? stored?.clientSecret;
  const authentication = checkClientAuthenticationMethod(
    input.clientAuthentication ??
      (input.clientSecret === undefined ? known?.clientAuthentication : undefined) ??
      (given === undefined ? 'none' : 'client_secret_basic'),
  );
  const clientSecret =
    authentication === 'none'
      ? undefined
      : (given ?? (await askForSecret(environment, authentication)));
  return {
    client: { clientId, authentication, clientSecret },
    registered: false,
    redirectUri,
    secrets:
      clientSecret === undefined
        ? null
        : {
            clientSecret,
            clientSecretExpiresAt: undefined,
            registrationAccessToken: undefined,
            registrationClientUri: undefined,
          },
  };
}

async function askForSecret(environment: Environment, method: string): Promise<string> {
  if (environment.stdin.isTTY && environment.stderr.isTTY) {
    return environment.prompt.askSecret('Client secret: ');
  }
  throw new CliError('usage', `${method} needs a client secret`, {
    hint: 'give it with --client-secret-stdin, --client-secret-file or OAUTH_CLI_CLIENT_SECRET',
  });
}

/** Null when the profile's client can no longer be used: its secret is gone, or the server has forgotten it. */
async function profileClient(
  protocolFetch: ProtocolFetch,
  store: SecretStore,
  server: AuthorizationServer,
  existing: Profile,
  redirectUri: string,
): Promise<LoginClient | null> {
  const secrets = await unlessDamaged(() => findClientSecrets(store, existing));
  const client = clientFrom(existing, secrets);
  // A public client needs no secret; another one whose secret is gone can only be registered anew.
  if (client.authentication !== 'none' && client.clientSecret === undefined) return null;
  if (secrets !== null && !(await isClientKnown(protocolFetch, server, secrets))) return null;
  return { client, registered: existing.registered, redirectUri, secrets };
}

function clientFrom(profile: Profile, secrets: ClientSecrets | null): Client {
  return {
    clientId: profile.clientId,
    authentication: checkClientAuthenticationMethod(profile.clientAuthentication),
    clientSecret: secrets?.clientSecret,
    idTokenSignedResponseAlg: profile.idTokenSignedResponseAlg,
  };
}
