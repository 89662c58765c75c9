// What is stored for a profile, told without contacting anyone and without any secret.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import type { Profile } from '../profile/profile.ts';
import { findTokenSet } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import { isFresh } from '../tokens/token-set.ts';

export type ProfileStatus = {
  readonly profile: Profile;
  /** valid: the access token can be used; refreshable: it has expired and can be renewed without a person. */
  readonly state: 'valid' | 'refreshable' | 'expired' | 'logged_out' | 'unknown';
  /** Why the state is unknown: the store cannot be read. */
  readonly problem: StoreError | undefined;
  readonly subject: string | undefined;
  readonly scope: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly hasRefreshToken: boolean;
};

/** Never throws for a store that cannot be read: the other profiles are worth telling about. */
export async function profileStatus(
  environment: Environment,
  profile: Profile,
): Promise<ProfileStatus> {
  const nothing = {
    profile,
    problem: undefined,
    subject: undefined,
    scope: undefined,
    expiresAt: undefined,
    hasRefreshToken: false,
  };
  let tokens;
  try {
    tokens = await findTokenSet(openSecretStore(environment, profile.store), profile);
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return { ...nothing, state: 'unknown', problem: error };
  }
  if (tokens === null) return { ...nothing, state: 'logged_out' };
  const hasRefreshToken = tokens.refreshToken !== undefined;
  const fresh = isFresh(tokens, environment.clock.now(), 0);
  return {
    profile,
    state: fresh ? 'valid' : hasRefreshToken ? 'refreshable' : 'expired',
    problem: undefined,
    subject: tokens.subject,
    scope: tokens.scope,
    expiresAt: tokens.expiresAt,
    hasRefreshToken,
  };
}
