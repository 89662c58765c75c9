// The store: where secrets are kept between runs, each under a key that is random (Profile.storeKey).

import type { Environment } from '../environment.ts';
import type { StoreKind } from '../profile/profile.ts';
import { plaintextStore, sealedStore } from './file-store.ts';

export interface SecretStore {
  /** Null when there is none. @throws StoreError */
  find(key: string): Promise<string | null>;
  /** Durable when it resolves. @throws StoreError */
  save(key: string, secret: string): Promise<void>;
  /** False when there was none. @throws StoreError */
  delete(key: string): Promise<boolean>;
  /** Resolves when something could be saved now; leaves nothing behind. @throws StoreError */
  probe(): Promise<void>;
}

/** Items are visible to other programs of the user under this service name. */
export const keychainService = 'oauth-cli';

export function openSecretStore(environment: Environment, kind: StoreKind): SecretStore {
  switch (kind) {
    case 'keychain':
      return keychainStore(environment);
    case 'file':
      return sealedStore(environment);
    case 'plaintext':
      return plaintextStore(environment);
    case 'memory':
      return memoryStore(environment);
  }
}

function keychainStore({ keychain }: Environment): SecretStore {
  return {
    find: (key) => keychain.getPassword(keychainService, key),
    save: (key, secret) => keychain.setPassword(keychainService, key, secret),
    delete: (key) => keychain.deletePassword(keychainService, key),
    probe: () => keychain.probe(),
  };
}

function memoryStore({ memory }: Environment): SecretStore {
  return {
    find: async (key) => memory.get(key) ?? null,
    save: async (key, secret) => void memory.set(key, secret),
    delete: async (key) => memory.delete(key),
    probe: async () => undefined,
  };
}
