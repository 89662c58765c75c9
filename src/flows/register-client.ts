// A client without a login: registered at the server (RFC 7591), or registered elsewhere and made known here.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { checkClientAuthenticationMethod } from '../oauth/client.ts';
import { registerClient } from '../oauth/client-registration.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import { updateConfiguration, withProfile } from '../profile/configuration.ts';
import type { Profile, StoreKind } from '../profile/profile.ts';
import { deleteClientSecrets, saveClientSecrets } from '../tokens/profile-secrets.ts';
import type { ClientSecrets } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import { userAgent } from '../version.ts';
import type { FoundServer, ServerInput } from './find-server.ts';
import { findServer } from './find-server.ts';
import { loopbackUri, redirectPlace, secretsOf } from './login-client.ts';
import type { LoginProfile } from './login-profile.ts';
import { chooseLoginProfile } from './login-profile.ts';
import { readyStore } from './ready-store.ts';

export type NewClientInput = ServerInput & {
  /** Of a client registered elsewhere. */
  readonly clientId?: string | undefined;
  readonly target: string;
  readonly profileName: string | undefined;
  readonly port: number | undefined;
  readonly redirectUri: string | undefined;
  readonly scope: string | undefined;
  readonly store: StoreKind | undefined;
};

export type RegisterInput = NewClientInput & {
  readonly clientMetadata: Readonly<Record<string, unknown>>;
  readonly initialAccessToken: string | undefined;
  readonly softwareStatement: string | undefined;
};

export type AddInput = NewClientInput & {
  readonly clientId: string;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: string | undefined;
};

type StoreProgress = { waitingForUnlock(): Promise<void> };

/**
 * Registers a client and keeps it as a profile that nobody is logged in to yet.
 * @throws CliError `usage`, also when the profile has a client; StoreError; what discovery and registration throw
 * @see RFC 7591 §3
 */
export async function registerNewClient(
  environment: Environment,
  input: RegisterInput,
  progress: StoreProgress,
): Promise<Profile> {
  const place = await newProfile(environment, input, progress);
  const { server, resource } = place.found;
  const secret = input.initialAccessToken ?? input.softwareStatement;
  if (secret !== undefined && resource !== null && input.issuer === undefined) {
    throw new CliError(
      'usage',
      `no token is sent to ${server.issuer}, which only ${input.target} vouches for`,
      { hint: `if you trust it, name it with --issuer ${server.issuer}` },
    );
  }
  const registration = await registerClient(createProtocolFetch(environment, userAgent), server, {
    redirectUri: place.redirectUri,
    scope: input.scope,
    metadata: input.clientMetadata,
    initialAccessToken: input.initialAccessToken,
    softwareStatement: input.softwareStatement,
  });
  const { client } = registration;
  return save(environment, place, secretsOf(registration), {
    clientId: client.clientId,
    clientAuthentication: client.authentication,
    registered: true,
    idTokenSignedResponseAlg: client.idTokenSignedResponseAlg,
    scope: input.scope,
  });
}

/** Makes a client known that was registered elsewhere. @throws as `registerNewClient` */
export async function addClient(
  environment: Environment,
  input: AddInput,
  progress: StoreProgress,
): Promise<Profile> {
  const { clientSecret } = input;
  const method = checkClientAuthenticationMethod(
    input.clientAuthentication ?? (clientSecret === undefined ? 'none' : 'client_secret_basic'),
  );
  if (method !== 'none' && clientSecret === undefined) {
    throw new CliError('usage', `${method} needs a client secret`, {
      hint: 'give it with --client-secret-stdin, --client-secret-file or OAUTH_CLI_CLIENT_SECRET',
    });
  }
  const place = await newProfile(environment, input, progress);
  const secrets =
    clientSecret === undefined
      ? null
      : {
          clientSecret,
          clientSecretExpiresAt: undefined,
          registrationAccessToken: undefined,
          registrationClientUri: undefined,
        };
  return save(environment, place, secrets, {
    clientId: input.clientId,
    clientAuthentication: method,
    registered: false,
    idTokenSignedResponseAlg: undefined,
    scope: input.scope,
  });
}

type Place = {
  readonly chosen: LoginProfile;
  readonly found: FoundServer;
  readonly store: StoreKind;
  readonly redirectUri: string;
};

async function newProfile(
  environment: Environment,
  input: NewClientInput,
  progress: StoreProgress,
): Promise<Place> {
  const chosen = await chooseLoginProfile(environment, { ...input, clientId: undefined });
  if (chosen.existing !== null) {
    throw new CliError('usage', `the profile ${chosen.name} has a client already`, {
      hint: `choose another name with --profile, or oauth-cli client delete ${chosen.name}`,
    });
  }
  const store = input.store ?? 'keychain';
  await readyStore(environment, openSecretStore(environment, store), store, progress);
  return {
    chosen,
    found: await findServer(
      environment,
      createProtocolFetch(environment, userAgent),
      chosen,
      input,
    ),
    store,
    redirectUri: loopbackUri(redirectPlace(environment.random, input, null)),
  };
}

/** Secrets first, so that no profile is without its client. */
async function save(
  environment: Environment,
  { chosen, found, store, redirectUri }: Place,
  secrets: ClientSecrets | null,
  client: Pick<
    Profile,
    'clientId' | 'clientAuthentication' | 'registered' | 'idTokenSignedResponseAlg' | 'scope'
  >,
): Promise<Profile> {
  const { server, manual, resource, resourceUrl } = found;
  const profile: Profile = {
    ...client,
    name: chosen.name,
    issuer: server.issuer,
    redirectUri,
    resources: resource === null ? [] : [resource.resource],
    allowedOrigins: [
      ...(chosen.preset?.allowedOrigins ?? []),
      ...(resourceUrl === undefined ? [] : [new URL(resourceUrl).origin]),
    ],
    store,
    storeKey: [...environment.random.bytes(12)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join(''),
    issuerInResponse: server.authorization_response_iss_parameter_supported === true,
    target: resourceUrl,
    manualMetadata: manual,
  };
  const secretStore = openSecretStore(environment, store);
  try {
    if (secrets !== null) await saveClientSecrets(secretStore, profile, secrets);
    await updateConfiguration(environment, (configuration) => withProfile(configuration, profile));
  } catch (error) {
    await deleteClientSecrets(secretStore, profile).catch(() => false);
    throw error;
  }
  return profile;
}
