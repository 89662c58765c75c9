// A usable access token of a profile: the stored one while it is fresh, else the refresh transaction
// (RFC 6749 §6): lock, read again, redeem, store, release.

import type { Environment } from '../environment.ts';
import type { Profile } from '../profile/profile.ts';
import { findTokenSet } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import { isFresh } from '../tokens/token-set.ts';
import { loginRequired } from './login-required.ts';
import { refreshTokens } from './refresh-tokens.ts';

export type FreshnessOptions = {
  /** Seconds that the access token must still live. */
  readonly minimumLifetime: number;
  /** Refresh also when it would. */
  readonly force?: boolean;
  /** An access token that a resource has just refused: any other one is good, that one is not. */
  readonly rejected?: string;
};

const lockTimeout = 30_000;

/**
 * The profile's token set with a fresh access token. No lock is taken while the stored one is fresh.
 * @throws CliError `login_required` when only a person can get one; StoreError; what refreshing throws
 */
export async function obtainAccessToken(
  environment: Environment,
  profile: Profile,
  options: FreshnessOptions,
): Promise<TokenSet> {
  const store = openSecretStore(environment, profile.store);
  const stored = await findTokenSet(store, profile);
  if (stored === null) throw loginRequired(profile, 'nobody is logged in');
  const { minimumLifetime, rejected, force = false } = options;
  const isGood = (tokens: TokenSet) =>
    tokens.accessToken !== rejected && isFresh(tokens, environment.clock.now(), minimumLifetime);
  if (!force && isGood(stored)) return stored;
  if (stored.refreshToken === undefined)
    return withoutRefresh(environment, profile, stored, options);
  const lock = await environment.locks.acquire(
    `tokens-${profile.storeKey}`,
    lockTimeout,
    environment.cancelled,
  );
  try {
    const current = await findTokenSet(store, profile);
    if (current === null) throw loginRequired(profile, 'somebody logged out meanwhile');
    const refreshedMeanwhile = current.accessToken !== stored.accessToken;
    if (refreshedMeanwhile && isGood(current)) return current;
    return await refreshTokens(environment, store, profile, current, force);
  } finally {
    await lock.release();
  }
}

function withoutRefresh(
  environment: Environment,
  profile: Profile,
  stored: TokenSet,
  options: FreshnessOptions,
): TokenSet {
  if (options.force === true) throw loginRequired(profile, 'there is no refresh token');
  if (isFresh(stored, environment.clock.now(), 0)) return stored;
  throw loginRequired(profile, 'the access token has expired and there is no refresh token');
}
