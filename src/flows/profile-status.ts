// What is stored for a profile, told without contacting anyone and without any secret.

import type { Environment } from '../environment.ts';
import type { Profile } from '../profile/profile.ts';
import { findTokenSet } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import { isFresh } from '../tokens/token-set.ts';

export type ProfileStatus = {
  readonly profile: Profile;
  /** valid: the access token can be used; refreshable: it has expired and can be renewed without a person. */
  readonly state: 'valid' | 'refreshable' | 'expired' | 'logged_out';
  readonly subject: string | undefined;
  readonly scope: string | undefined;
  /** Milliseconds since 1970. */
  readonly expiresAt: number | undefined;
  readonly hasRefreshToken: boolean;
};

/** @throws StoreError */
export async function profileStatus(
  environment: Environment,
  profile: Profile,
): Promise<ProfileStatus> {
  const tokens = await findTokenSet(openSecretStore(environment, profile.store), profile);
  if (tokens === null) {
    return {
      profile,
      state: 'logged_out',
      subject: undefined,
      scope: undefined,
      expiresAt: undefined,
      hasRefreshToken: false,
    };
  }
  const hasRefreshToken = tokens.refreshToken !== undefined;
  const fresh = isFresh(tokens, environment.clock.now(), 0);
  return {
    profile,
    state: fresh ? 'valid' : hasRefreshToken ? 'refreshable' : 'expired',
    subject: tokens.subject,
    scope: tokens.scope,
    expiresAt: tokens.expiresAt,
    hasRefreshToken,
  };
}
