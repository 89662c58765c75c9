// Storing a login: secrets first, then the profile that points to them; a login that cannot be stored whole
// leaves nothing new behind.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import { updateConfiguration, withProfile } from '../profile/configuration.ts';
import type { Profile } from '../profile/profile.ts';
import {
  deleteClientSecrets,
  deleteTokenSet,
  findTokenSet,
  saveClientSecrets,
  saveTokenSet,
  unlessDamaged,
} from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import type { LoginClient } from './login-client.ts';

/** @throws StoreError; CliError `usage` when config.json is broken, `timeout` when it stays locked */
export async function saveLogin(
  environment: Environment,
  store: SecretStore,
  profile: Profile,
  tokens: TokenSet,
  client: LoginClient,
): Promise<void> {
  const isNew = (await unlessDamaged(() => findTokenSet(store, profile))) === null;
  try {
    if (client.secrets !== null) await saveClientSecrets(store, profile, client.secrets);
    await saveTokenSet(store, profile, tokens);
    if (profile.store === 'memory') return;
    await updateConfiguration(environment, (configuration) => withProfile(configuration, profile));
  } catch (error) {
    if (isNew) {
      // The first error is the one to tell, also when the store is gone by now.
      await deleteTokenSet(store, profile).catch(() => false);
      await deleteClientSecrets(store, profile).catch(() => false);
    }
    throw error;
  }
}

/** The same where it must not undo what has been done already: whether it worked. */
export async function tryToForget(environment: Environment, profile: Profile): Promise<boolean> {
  try {
    await forgetSecrets(environment, profile);
    return true;
  } catch (error) {
    if (error instanceof StoreError) return false;
    throw error;
  }
}

/** Removes what the store holds for a profile that is no more. */
export async function forgetSecrets(environment: Environment, profile: Profile): Promise<void> {
  const store = openSecretStore(environment, profile.store);
  await deleteTokenSet(store, profile);
  await deleteClientSecrets(store, profile);
}
