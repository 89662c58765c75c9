// The OS keychain behind environment.keychain: the system's own on macOS and Windows, else the Secret Service.
// Nothing is loaded before the first call.

import type { Keychain } from '../../environment.ts';

export type OsKeychainOptions = {
  readonly platform: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** For one call, in milliseconds; 3,000 unless told. */
  readonly callTimeout?: number;
};

/** Each call rejects with a StoreError after the time limit at the latest, and then nothing keeps the process. */
export function createOsKeychain(options: OsKeychainOptions): Keychain {
  const load = () => loadKeychain(options);
  return {
    getPassword: async (service, account) => (await load()).getPassword(service, account),
    setPassword: async (service, account, password) =>
      (await load()).setPassword(service, account, password),
    deletePassword: async (service, account) => (await load()).deletePassword(service, account),
    findCredentials: async (service) => (await load()).findCredentials(service),
    probe: async () => (await load()).probe(),
    unlock: async (timeout, signal) => (await load()).unlock(timeout, signal),
  };
}

async function loadKeychain(options: OsKeychainOptions): Promise<Keychain> {
  const { platform, variables, callTimeout = 3000 } = options;
  if (platform === 'darwin' || platform === 'win32') {
    const { createNativeKeychain } = await import('./native-keychain.ts');
    return createNativeKeychain({ callTimeout });
  }
  const { createSecretService } = await import('./secret-service.ts');
  return createSecretService({ variables, callTimeout });
}
