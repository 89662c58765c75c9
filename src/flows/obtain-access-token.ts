// A usable access token of a profile: the stored one while it is fresh, else the refresh transaction
// (RFC 6749 §6): lock, read again, redeem, store, release.

import type { Environment } from '../environment.ts';
import { CliError, OAuthError } from '../errors.ts';
import { discoverAuthorizationServer } from '../oauth/authorization-server.ts';
import { userAgent } from '../version.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import { requestTokensByRefresh } from '../oauth/token-request.ts';
import type { Profile } from '../profile/profile.ts';
import { deleteTokenSet, findTokenSet, saveTokenSet } from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import { isFresh } from '../tokens/token-set.ts';
import { clientOf } from './login-client.ts';
import { tokenSetOf } from './token-set-of.ts';

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
    return await refresh(environment, store, profile, current);
  } finally {
    await lock.release();
  }
}

/** Redeems the refresh token and stores what came back before anybody uses it. */
async function refresh(
  environment: Environment,
  store: SecretStore,
  profile: Profile,
  current: TokenSet,
): Promise<TokenSet> {
  if (current.refreshToken === undefined)
    throw loginRequired(profile, 'the access token has expired');
  const protocolFetch = createProtocolFetch(environment, userAgent);
  const server = await discoverAuthorizationServer(protocolFetch, profile.issuer);
  const client = await clientOf(store, profile);
  let received;
  try {
    received = await requestTokensByRefresh(
      protocolFetch,
      server,
      client,
      current.refreshToken,
      profile.resources,
    );
  } catch (error) {
    if (!(error instanceof OAuthError) || error.fields.error !== 'invalid_grant') throw error;
    return afterInvalidGrant(store, profile, current, error);
  }
  const tokens = await tokenSetOf(environment, protocolFetch, server, client, received, {
    requestedScope: current.scope,
    nonce: undefined,
    previous: current,
  });
  await saveTokenSet(store, profile, tokens);
  return tokens;
}

/** Only what was sent is deleted: a writer that takes no lock may have stored a newer token set. */
async function afterInvalidGrant(
  store: SecretStore,
  profile: Profile,
  sent: TokenSet,
  error: OAuthError,
): Promise<TokenSet> {
  const now = await findTokenSet(store, profile);
  if (now !== null && now.refreshToken !== sent.refreshToken) return now;
  await deleteTokenSet(store, profile);
  throw loginRequired(
    profile,
    'the login has ended: the server no longer accepts its refresh token',
    error,
  );
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

function loginRequired(profile: Profile, what: string, cause?: unknown): CliError {
  return new CliError('login_required', `${what} (profile ${profile.name})`, {
    hint: `oauth-cli login --profile ${profile.name} ${profile.issuer}`,
    cause,
  });
}
