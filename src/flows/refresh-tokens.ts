// The inner part of the refresh transaction, under the profile's lock: redeem the refresh token (RFC 6749 §6), retry
// what may pass, store what came back before anybody uses it.

import type { Environment } from '../environment.ts';
import { CliError, OAuthError } from '../errors.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { TokenEndpointResponse } from '../oauth/token-endpoint-response.ts';
import { requestTokensByRefresh } from '../oauth/token-request.ts';
import type { Profile } from '../profile/profile.ts';
import { deleteTokenSet, findTokenSet, saveTokenSet } from '../tokens/profile-secrets.ts';
import type { SecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import { isFresh } from '../tokens/token-set.ts';
import { userAgent } from '../version.ts';
import { serverOf } from './find-server.ts';
import { clientOf } from './login-client.ts';
import { loginRequired } from './login-required.ts';
import { fetchIdTokenKeys, tokenSetOf } from './token-set-of.ts';

/** Milliseconds before each further attempt, unless the server names another time. */
const delays = [500, 1500] as const;
/** Milliseconds; a server that wants more is left alone. */
const longestDelay = 5_000;

/**
 * The new token set, stored. When the server cannot be reached or is out of order, the current one is given back as
 * long as its access token is valid, unless `insist`; nobody is logged out by that.
 * @throws CliError `login_required` when the server refuses the refresh token; `network`, `timeout`, OAuthError,
 *   `protocol_violation` otherwise, with the store as it was
 */
export async function refreshTokens(
  environment: Environment,
  store: SecretStore,
  profile: Profile,
  current: TokenSet,
  insist: boolean,
): Promise<TokenSet> {
  const { refreshToken } = current;
  if (refreshToken === undefined) throw loginRequired(profile, 'the access token has expired');
  try {
    return await redeemAndStore(environment, store, profile, current, refreshToken);
  } catch (error) {
    const usable = !insist && isFresh(current, environment.clock.now(), 0);
    if (usable && isTransient(error)) return current;
    throw error;
  }
}

async function redeemAndStore(
  environment: Environment,
  store: SecretStore,
  profile: Profile,
  current: TokenSet,
  refreshToken: string,
): Promise<TokenSet> {
  const protocolFetch = createProtocolFetch(environment, userAgent);
  const server = await serverOf(protocolFetch, profile);
  const client = await clientOf(store, profile, environment.clock.now());
  const keys = await keysForRefresh(protocolFetch, server, current);
  const outcome = await redeem(environment, () =>
    requestTokensByRefresh(protocolFetch, server, client, refreshToken, profile.resources),
  );
  if ('refusal' in outcome) return afterInvalidGrant(store, profile, current, outcome);
  const tokens = tokenSetOf(environment.clock.now(), server, client, outcome.received, {
    requestedScope: current.scope,
    nonce: undefined,
    previous: current,
    keys,
  });
  await saveTokenSet(store, profile, tokens);
  return tokens;
}

/** A refresh need not wait for keys that cannot be had now: the ID token then stays the one there is. */
async function keysForRefresh(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  current: TokenSet,
) {
  if (current.idToken === undefined) return null;
  try {
    return await fetchIdTokenKeys(protocolFetch, server);
  } catch (error) {
    if (isTransient(error)) return null;
    throw error;
  }
}

type Refusal = { readonly refusal: OAuthError; readonly answerLost: boolean };
type Redeemed = { readonly received: TokenEndpointResponse } | Refusal;

/**
 * A request whose answer was lost is sent once more with the same refresh token, which a server may allow for a
 * moment (RFC 9700 §4.14.2); one that the server put off is sent twice more at the most.
 */
async function redeem(
  environment: Environment,
  request: () => Promise<TokenEndpointResponse>,
): Promise<Redeemed> {
  let answerLost = false;
  for (let attempt = 0; ; attempt += 1) {
    try {
      return { received: await request() };
    } catch (error) {
      if (error instanceof OAuthError && error.fields.error === 'invalid_grant') {
        return { refusal: error, answerLost };
      }
      const lost = !(error instanceof OAuthError);
      const delay = retryDelay(error, attempt, environment);
      if (!isTransient(error) || delay === null || (lost && answerLost)) throw error;
      answerLost ||= lost;
      await environment.clock.sleep(delay, environment.cancelled);
    }
  }
}

function retryDelay(error: unknown, attempt: number, { random }: Environment): number | null {
  const delay = delays[attempt];
  if (delay === undefined) return null;
  const named = error instanceof OAuthError ? error.fields.retryAfter : undefined;
  if (named !== undefined) return named * 1000 <= longestDelay ? named * 1000 : null;
  // Many machines may have been put off in the same moment.
  return delay + ((random.bytes(1)[0] ?? 0) / 255) * delay;
}

/** What may pass by itself: no connection, no answer in time, a server that is busy or broken. */
function isTransient(error: unknown): boolean {
  if (error instanceof OAuthError) {
    const { status = 0, error: code } = error.fields;
    return status >= 500 || status === 429 || code === 'temporarily_unavailable';
  }
  return error instanceof CliError && (error.code === 'network' || error.code === 'timeout');
}

/** Only what was sent is deleted: a writer that takes no lock may have stored a newer token set. */
async function afterInvalidGrant(
  store: SecretStore,
  profile: Profile,
  sent: TokenSet,
  { refusal, answerLost }: Refusal,
): Promise<TokenSet> {
  const now = await findTokenSet(store, profile);
  if (now !== null && now.refreshToken !== sent.refreshToken) return now;
  await deleteTokenSet(store, profile);
  throw loginRequired(
    profile,
    answerLost
      ? 'the login was lost: the connection broke before the new refresh token arrived, and the server no longer accepts the old one'
      : 'the login has ended: the server no longer accepts its refresh token',
    refusal,
  );
}
