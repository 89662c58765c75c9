// The client that a login uses: the one named, else the profile's, else one registered now (RFC 7591).

import type { Environment, Random } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { Client } from '../oauth/client.ts';
import { checkClientAuthenticationMethod } from '../oauth/client.ts';
import { isClientKnown } from '../oauth/client-management.ts';
import type { ClientRegistration } from '../oauth/client-registration.ts';
import { registerClient, withoutPort } from '../oauth/client-registration.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { Profile } from '../profile/profile.ts';
import type { ClientSecrets } from '../tokens/profile-secrets.ts';
import { findClientSecrets, unlessDamaged } from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';

export type LoginClient = {
  readonly client: Client;
  readonly registered: boolean;
  /** As registered: without the port unless that is fixed. */
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
  /** A server that compares redirect URIs exactly is to know the port. */
  readonly isPortFixed: boolean;
};

/**
 * Where the listener is to be: what the user says, else as before, else a new path that no other client has. A port
 * is there when it is fixed.
 * @throws CliError `usage`
 * @see RFC 8252 §7.3, §8.10
 */
export function redirectPlace(
  random: Random,
  input: {
    readonly port: number | undefined;
    readonly redirectUri: string | undefined;
    readonly clientId?: string | undefined;
  },
  existing: Pick<Profile, 'redirectUri'> | null,
): { readonly path: string; readonly port: number | undefined } {
  if (input.redirectUri !== undefined) {
    const { pathname, port } = checkRedirectUri(input.redirectUri);
    if (input.port !== undefined && Number(port) !== input.port) {
      throw new CliError('usage', '--port and --redirect-uri name different ports');
    }
    return { path: pathname, port: Number(port) };
  }
  if (existing !== null) {
    const { pathname, port } = new URL(existing.redirectUri);
    return { path: pathname, port: input.port ?? (port === '' ? undefined : Number(port)) };
  }
  // A person has registered this one by hand, and must have known what to write there.
  if (input.clientId !== undefined) return { path: '/callback', port: input.port };
  const name = [...random.bytes(9)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
  return { path: `/cb/${name}`, port: input.port };
}

/** The redirect URI of that place, without a port unless it is fixed. */
export function loopbackUri({ path, port }: { path: string; port: number | undefined }): string {
  return `http://127.0.0.1${port === undefined ? '' : `:${port}`}${path}`;
}

function checkRedirectUri(text: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (
    url !== null &&
    url.href === text &&
    url.protocol === 'http:' &&
    url.hostname === '127.0.0.1' &&
    url.port !== '' &&
    url.search + url.hash + url.username + url.password === ''
  )
    return url;
  throw new CliError('usage', 'the redirect URI must be http://127.0.0.1:<port>/<path>', {
    hint: 'register that at the authorization server; localhost may be another machine’s',
  });
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
  now: number,
): Promise<LoginClient> {
  const redirectUri = input.isPortFixed ? redirectUriInUse : withoutPort(redirectUriInUse);
  const { existing } = input;
  const kept =
    existing !== null && fits(existing, redirectUri) ? existing.redirectUri : redirectUri;
  const clientId =
    input.clientId ?? (existing?.registered === false ? existing.clientId : undefined);
  if (clientId !== undefined) {
    const registeredUri = input.clientId === undefined ? kept : redirectUri;
    return namedClient(environment, store, input, clientId, registeredUri);
  }
  if (existing !== null && fits(existing, redirectUri)) {
    const client = await profileClient(protocolFetch, store, server, existing, kept, now);
    if (client !== null) return client;
  }
  if (input.registerAt !== undefined && server.registration_endpoint === undefined) {
    throw new CliError('usage', `${server.issuer} needs a client of yours`, {
      hint: `register one at ${input.registerAt} and give its id with --client-id`,
    });
  }
  const registration = await registerClient(protocolFetch, server, { redirectUri, scope });
  return {
    client: registration.client,
    registered: true,
    redirectUri,
    secrets: secretsOf(registration),
  };
}

/** What is to be kept in the store; null when there is nothing secret about the client. */
export function secretsOf(registration: ClientRegistration): ClientSecrets | null {
  const { client, clientSecretExpiresAt, registrationAccessToken, registrationClientUri } =
    registration;
  return client.clientSecret === undefined && registrationAccessToken === undefined
    ? null
    : {
        clientSecret: client.clientSecret,
        clientSecretExpiresAt,
        registrationAccessToken,
        registrationClientUri,
      };
}

/** Registered without a port means any port. @see RFC 8252 §7.3 */
export function fits(existing: Pick<Profile, 'redirectUri'>, redirectUri: string): boolean {
  return existing.redirectUri === redirectUri || existing.redirectUri === withoutPort(redirectUri);
}

/**
 * The client that a profile's tokens belong to; `now` in milliseconds since 1970.
 * @throws StoreError; CliError `usage`, `login_required` when its secret has expired
 */
export async function clientOf(store: SecretStore, profile: Profile, now: number): Promise<Client> {
  const secrets = await findClientSecrets(store, profile);
  if (isExpired(secrets, now)) {
    throw new CliError('login_required', `the client registration of ${profile.name} has expired`, {
      hint: profile.registered
        ? `oauth-cli login --profile ${profile.name} registers a new client`
        : 'get a new client secret and log in with it',
    });
  }
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
  now: number,
): Promise<LoginClient | null> {
  const secrets = await unlessDamaged(() => findClientSecrets(store, existing));
  if (isExpired(secrets, now)) return null;
  const client = clientFrom(existing, secrets);
  // A public client needs no secret; another one whose secret is gone can only be registered anew.
  if (client.authentication !== 'none' && client.clientSecret === undefined) return null;
  if (secrets !== null && !(await isClientKnown(protocolFetch, server, secrets))) return null;
  return { client, registered: existing.registered, redirectUri, secrets };
}

/** RFC 7591 §3.2.1: an expired secret is never sent. */
function isExpired(secrets: ClientSecrets | null, now: number): boolean {
  return (
    secrets?.clientSecretExpiresAt !== undefined && secrets.clientSecretExpiresAt * 1000 <= now
  );
}

function clientFrom(profile: Profile, secrets: ClientSecrets | null): Client {
  return {
    clientId: profile.clientId,
    authentication: checkClientAuthenticationMethod(profile.clientAuthentication),
    clientSecret: secrets?.clientSecret,
    idTokenSignedResponseAlg: profile.idTokenSignedResponseAlg,
  };
}
