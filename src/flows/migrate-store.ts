// Moving every profile's secrets to another store: copied, read back, the profile pointed there, and only then deleted
// where they were. A kill at any point leaves each profile with one store that has everything.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import { readConfiguration, updateConfiguration } from '../profile/configuration.ts';
import type { Profile, StoreKind } from '../profile/profile.ts';
import { secretKeys } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';

const lockTimeout = 30_000;

/**
 * The profiles that were moved; those that are there already are left alone.
 * @throws StoreError; CliError `timeout` when a profile stays locked
 */
export async function migrateStore(
  environment: Environment,
  to: StoreKind,
): Promise<readonly Profile[]> {
  const { profiles } = await readConfiguration(environment);
  const moving = profiles.filter((profile) => profile.store !== to);
  if (moving.length > 0) await openSecretStore(environment, to).probe();
  for (const profile of moving) {
    const lock = await environment.locks.acquire(
      `tokens-${profile.storeKey}`,
      lockTimeout,
      environment.cancelled,
    );
    try {
      await moveProfile(environment, profile, to);
    } finally {
      await lock.release();
    }
  }
  return moving;
}

async function moveProfile(
  environment: Environment,
  profile: Profile,
  to: StoreKind,
): Promise<void> {
  const source = openSecretStore(environment, profile.store);
  const target = openSecretStore(environment, to);
  for (const key of secretKeys(profile)) {
    const secret = await source.find(key);
    if (secret === null) continue;
    await target.save(key, secret);
    if ((await target.find(key)) !== secret) {
      throw new StoreError(
        'failed',
        `the ${to} store did not give back what it was given (profile ${profile.name})`,
        {
          hint: 'nothing was deleted; the profile still uses its old store',
        },
      );
    }
  }
  await updateConfiguration(environment, (configuration) => ({
    ...configuration,
    profiles: configuration.profiles.map((other) =>
      other.name === profile.name ? { ...other, store: to } : other,
    ),
  }));
  for (const key of secretKeys(profile)) await source.delete(key);
}
