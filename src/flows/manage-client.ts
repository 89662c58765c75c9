// The registered client of a profile: shown, changed and deleted at the server (RFC 7592), and here.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { ManagedClient } from '../oauth/client-management.ts';
import { deleteClient, readClient, updateClient } from '../oauth/client-management.ts';
import type { ClientRegistration } from '../oauth/client-registration.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import {
  updateConfiguration,
  withChangedProfile,
  withoutProfile,
} from '../profile/configuration.ts';
import type { Profile } from '../profile/profile.ts';
import type { ClientSecrets } from '../tokens/profile-secrets.ts';
import { findClientSecrets, saveClientSecrets } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import { userAgent } from '../version.ts';
import { serverOf } from './find-server.ts';
import { forgetSecrets } from './save-login.ts';

const lockTimeout = 30_000;

/** Client metadata without secrets; null when the client cannot be managed from here. */
export type ShownClient = Readonly<Record<string, unknown>> | null;

/** What the server has registered; rotated secrets are stored before it resolves. @see RFC 7592 §2.1 */
export async function showClient(environment: Environment, profile: Profile): Promise<ShownClient> {
  return managed(environment, profile, async (context) => {
    if (context === null) return null;
    const registration = await readClient(context.protocolFetch, context.server, context.client);
    return keep(environment, profile, context.secrets, registration);
  });
}

/** Changes client metadata at the server. @throws CliError `usage` when it cannot be managed @see RFC 7592 §2.2 */
export async function changeClient(
  environment: Environment,
  profile: Profile,
  changes: Readonly<Record<string, unknown>>,
): Promise<ShownClient> {
  return managed(environment, profile, async (context) => {
    if (context === null) throw notManaged(profile);
    const { protocolFetch, server, client, secrets } = context;
    const current = await readClient(protocolFetch, server, client);
    await keep(environment, profile, secrets, current);
    const registration = await updateClient(
      protocolFetch,
      server,
      {
        ...client,
        registrationAccessToken: current.registrationAccessToken ?? client.registrationAccessToken,
        registrationClientUri: current.registrationClientUri ?? client.registrationClientUri,
      },
      current.metadata,
      changes,
    );
    const before = secretsAfter(secrets, current);
    return keep(environment, profile, before, registration);
  });
}

/**
 * Deletes the client at the server where that is possible, then the profile with all its secrets. When the server
 * does not do it, everything stays.
 * @see RFC 7592 §2.3
 */
export async function removeClient(
  environment: Environment,
  profile: Profile,
  options: { readonly local: boolean },
): Promise<'deleted' | 'forgotten'> {
  return managed(
    environment,
    profile,
    async (context) => {
      if (context !== null && !options.local) {
        await deleteClient(context.protocolFetch, context.server, context.client);
      }
      await forgetSecrets(environment, profile);
      await updateConfiguration(environment, (configuration) =>
        withoutProfile(configuration, profile.name),
      );
      return context === null || options.local ? 'forgotten' : 'deleted';
    },
    options.local,
  );
}

type Context = {
  readonly protocolFetch: ProtocolFetch;
  readonly server: AuthorizationServer;
  readonly client: ManagedClient;
  readonly secrets: ClientSecrets;
};

/** One at a time: every answer may bring a new registration access token. */
async function managed<T>(
  environment: Environment,
  profile: Profile,
  step: (context: Context | null) => Promise<T>,
  local = false,
): Promise<T> {
  const lock = await environment.locks.acquire(
    `client-${profile.storeKey}`,
    lockTimeout,
    environment.cancelled,
  );
  try {
    const secrets = await findClientSecrets(openSecretStore(environment, profile.store), profile);
    const { registrationAccessToken, registrationClientUri } = secrets ?? {};
    if (
      local ||
      secrets === null ||
      registrationAccessToken === undefined ||
      registrationClientUri === undefined
    ) {
      return await step(null);
    }
    const protocolFetch = createProtocolFetch(environment, userAgent);
    const { clientId, redirectUri } = profile;
    return await step({
      protocolFetch,
      server: await serverOf(protocolFetch, profile),
      client: { clientId, redirectUri, registrationAccessToken, registrationClientUri },
      secrets,
    });
  } finally {
    await lock.release();
  }
}

async function keep(
  environment: Environment,
  profile: Profile,
  before: ClientSecrets,
  registration: ClientRegistration,
): Promise<ShownClient> {
  const store = openSecretStore(environment, profile.store);
  await saveClientSecrets(store, profile, secretsAfter(before, registration));
  const { authentication, idTokenSignedResponseAlg } = registration.client;
  if (
    authentication !== profile.clientAuthentication ||
    idTokenSignedResponseAlg !== profile.idTokenSignedResponseAlg
  ) {
    await updateConfiguration(environment, (configuration) =>
      withChangedProfile(configuration, profile.name, (one) => ({
        ...one,
        clientAuthentication: authentication,
        idTokenSignedResponseAlg,
      })),
    );
  }
  const {
    client_secret: _secret,
    registration_access_token: _token,
    ...shown
  } = registration.metadata;
  return shown;
}

/** What a response does not repeat stays as it was. */
function secretsAfter(before: ClientSecrets, registration: ClientRegistration): ClientSecrets {
  const { client, clientSecretExpiresAt } = registration;
  const isNew = client.clientSecret !== undefined;
  return {
    clientSecret: client.clientSecret ?? before.clientSecret,
    clientSecretExpiresAt: isNew ? clientSecretExpiresAt : before.clientSecretExpiresAt,
    registrationAccessToken: registration.registrationAccessToken ?? before.registrationAccessToken,
    registrationClientUri: registration.registrationClientUri ?? before.registrationClientUri,
  };
}

function notManaged(profile: Profile): CliError {
  return new CliError('usage', `the client of ${profile.name} cannot be changed from here`, {
    hint: 'it was registered without a registration access token; change it where it was registered',
  });
}
