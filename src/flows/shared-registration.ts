// One registration for logins to the same new profile that run at the same time, or after one that was broken off:
// whoever comes first registers under a lock, the others find the client in the store.

import type { Environment, Lock } from '../environment.ts';
import { StoreError } from '../errors.ts';
import { checkClientAuthenticationMethod } from '../oauth/client.ts';
import type { ClientSecrets } from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';
import { JsonError, readJsonObject } from '../strict-json.ts';
import type { LoginClient } from './login-client.ts';

export interface SharedRegistration {
  /** The client that another login registered and whose profile is not there yet. */
  readonly client: LoginClient | null;
  /** Where that login will store its secrets. */
  readonly storeKey: string | undefined;
  /** Lets the others have a client; they were waiting until then. */
  share(client: LoginClient, storeKey: string): Promise<void>;
  /** Lets the others go on. Safe to call twice. */
  release(): Promise<void>;
  /** Once the login is over, well or not. */
  forget(): Promise<void>;
}

const lockTimeout = 30_000;

/** Where nothing is registered there is nothing to share. */
export const noSharedRegistration: SharedRegistration = {
  client: null,
  storeKey: undefined,
  share: async () => undefined,
  release: async () => undefined,
  forget: async () => undefined,
};

/**
 * Waits until no other login to this profile is registering.
 * @throws StoreError; CliError `timeout`
 */
export async function shareRegistration(
  environment: Environment,
  store: SecretStore,
  issuer: string,
  profileName: string,
): Promise<SharedRegistration> {
  const name = hex(environment.sha256(`${issuer}\n${profileName}`)).slice(0, 24);
  const key = `registering-${name}`;
  const { locks, cancelled } = environment;
  let lock: Lock | null = await locks.acquire(`register-${name}`, lockTimeout, cancelled);
  const release = async (): Promise<void> => {
    const held = lock;
    lock = null;
    await held?.release();
  };
  try {
    const text = await store.find(key);
    const pending = text === null ? null : pendingFrom(text);
    return {
      client: pending?.client ?? null,
      storeKey: pending?.storeKey,
      share: (client, storeKey) => store.save(key, JSON.stringify({ client, storeKey })),
      release,
      forget: async () => {
        await release();
        // The profile has it by now, or the login's own error is the one to tell.
        await store.delete(key).catch((error: unknown) => {
          if (!(error instanceof StoreError)) throw error;
        });
      },
    };
  } catch (error) {
    await release();
    throw error;
  }
}

type Pending = { readonly client: LoginClient; readonly storeKey: string };

/** Null for what another version wrote: the login then registers a client of its own. */
function pendingFrom(text: string): Pending | null {
  try {
    const { client, storeKey } = readJsonObject(text) as unknown as {
      client: Omit<LoginClient, 'secrets'> & { secrets: ClientSecrets | null };
      storeKey: string;
    };
    checkClientAuthenticationMethod(client.client.authentication);
    return { client, storeKey };
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
