// Logout: revoke the refresh token, then the access token, then forget both (RFC 7009). The client stays.

import type { Environment } from '../environment.ts';
import { CliError, OAuthError } from '../errors.ts';
import { findEndpoint } from '../oauth/authorization-server.ts';
import { userAgent } from '../version.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import { revokeToken } from '../oauth/revocation.ts';
import type { Profile } from '../profile/profile.ts';
import { deleteTokenSet, findTokenSet } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import { serverOf } from './find-server.ts';
import { clientOf } from './login-client.ts';

export type LogoutResult =
  | 'revoked'
  /** The server does not revoke access tokens (`unsupported_token_type`): this one lives on until it expires. */
  | 'access_token_lives'
  /** The server has no revocation endpoint, or the user asked not to use it: both tokens live on. */
  | 'forgotten'
  | 'not_logged_in';

const lockTimeout = 30_000;

/**
 * Ends the profile's login. When the server cannot be told, the tokens stay, so that nobody believes in a logout
 * that did not happen.
 * @throws StoreError; OAuthError; CliError `network`, `timeout`, `protocol_violation`
 * @see RFC 7009 §2
 */
export async function logout(
  environment: Environment,
  profile: Profile,
  options: { readonly local: boolean },
): Promise<LogoutResult> {
  const store = openSecretStore(environment, profile.store);
  const lock = await environment.locks.acquire(
    `tokens-${profile.storeKey}`,
    lockTimeout,
    environment.cancelled,
  );
  try {
    const tokens = await findTokenSet(store, profile);
    if (tokens === null) return 'not_logged_in';
    const result = options.local ? 'forgotten' : await revokeAtServer(environment, profile, tokens);
    await deleteTokenSet(store, profile);
    return result;
  } finally {
    await lock.release();
  }
}

async function revokeAtServer(
  environment: Environment,
  profile: Profile,
  tokens: TokenSet,
): Promise<LogoutResult> {
  try {
    const protocolFetch = createProtocolFetch(environment, userAgent);
    const server = await serverOf(protocolFetch, profile);
    if (findEndpoint(server, 'revocation_endpoint') === null) return 'forgotten';
    const client = await clientOf(
      openSecretStore(environment, profile.store),
      profile,
      environment.clock.now(),
    );
    if (tokens.refreshToken !== undefined) {
      await revokeToken(protocolFetch, server, client, tokens.refreshToken, 'refresh_token');
    }
    return await revokeAccessToken(() =>
      revokeToken(protocolFetch, server, client, tokens.accessToken, 'access_token'),
    );
  } catch (error) {
    if (!(error instanceof CliError) || error.code === 'cancelled') throw error;
    throw new CliError(
      error.code,
      `the tokens could not be revoked and are still valid: ${error.message}`,
      {
        hint: `try again, or forget them with oauth-cli logout --local ${profile.name}`,
        cause: error,
      },
    );
  }
}

async function revokeAccessToken(revoke: () => Promise<void>): Promise<LogoutResult> {
  try {
    await revoke();
    return 'revoked';
  } catch (error) {
    if (!(error instanceof OAuthError) || error.fields.error !== 'unsupported_token_type')
      throw error;
    return 'access_token_lives';
  }
}
