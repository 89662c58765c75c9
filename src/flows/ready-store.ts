// The store is tried before a person is sent to the browser, so that no login is wasted.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import type { StoreKind } from '../profile/profile.ts';
import type { SecretStore } from '../tokens/secret-store.ts';

const unlockTimeout = 60_000;

/**
 * Resolves when the store takes secrets now. A locked keychain is waited for only where a person is at a terminal.
 * @throws StoreError
 */
export async function readyStore(
  environment: Environment,
  store: SecretStore,
  kind: StoreKind,
  progress: { waitingForUnlock(): Promise<void> },
): Promise<void> {
  if (kind !== 'memory') await probeHome(environment);
  try {
    await store.probe();
  } catch (error) {
    const locked = error instanceof StoreError && error.reason === 'locked';
    if (!locked || kind !== 'keychain' || !environment.stderr.isTTY) throw error;
    await progress.waitingForUnlock();
    await environment.keychain.unlock(unlockTimeout, environment.cancelled);
    await store.probe();
  }
}

/** The configuration has to be written, too. */
async function probeHome({ home }: Environment): Promise<void> {
  await home.write('probe', new Uint8Array());
  await home.remove('probe');
}
