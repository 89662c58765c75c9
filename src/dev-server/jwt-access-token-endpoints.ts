// Revocation, introspection and userinfo for JWT access tokens, which oidc-provider refuses at all three
// (`unsupported_token_type`, `invalid_token`). Client authentication and everything else stays the library's.

import type { Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { UnsupportedTokenType } from 'oidc-provider/lib/helpers/errors.js';
import type { AccessTokens } from './access-tokens.ts';
import { endpointPaths } from './provider-configuration.ts';
import { foreignToken, mayIntrospect } from './token-policies.ts';

export function acceptJwtAccessTokens(provider: Provider, accessTokens: AccessTokens): void {
  const refusedForBeingJwt = new WeakSet<object>();
  const note = (context: KoaContextWithOIDC, error: Error) => {
    if (error instanceof UnsupportedTokenType) refusedForBeingJwt.add(context);
  };
  provider.on('revocation.error', note);
  provider.on('introspection.error', note);

  provider.use(async (context, next) => {
    if (context.path === endpointPaths.userinfo) {
      await withOpaqueToken(provider, accessTokens, context as KoaContextWithOIDC, next);
      return;
    }
    await next();
    // The library says this only after it has authenticated the client.
    if (!refusedForBeingJwt.has(context)) return;
    const respond = context.path === endpointPaths.revocation ? revoke : introspect;
    await respond(accessTokens, context as KoaContextWithOIDC);
  });
}

/** @see RFC 7009 §2.2: also 200 for a token that is not valid */
async function revoke(accessTokens: AccessTokens, context: KoaContextWithOIDC): Promise<void> {
  const { client, token } = presented(context);
  const check = await accessTokens.check(token);
  context.status = 200;
  context.body = '';
  if (!check.active) return;
  if (check.claims.client_id === client.clientId) {
    await accessTokens.revoke(check.claims);
  } else {
    context.status = 400;
    context.body = { error: 'invalid_request', error_description: foreignToken };
  }
}

/** @see RFC 7662 §2.2 */
async function introspect(accessTokens: AccessTokens, context: KoaContextWithOIDC): Promise<void> {
  const { client, token } = presented(context);
  const check = await accessTokens.check(token);
  const visible =
    check.active && mayIntrospect(context, client, { clientId: check.claims.client_id });
  context.status = 200;
  context.body = visible
    ? { active: true, token_type: 'Bearer', ...check.claims }
    : { active: false };
}

/** Lends the request an opaque token of the same grant and scope for as long as the library takes to answer it. */
async function withOpaqueToken(
  provider: Provider,
  accessTokens: AccessTokens,
  context: KoaContextWithOIDC,
  next: () => Promise<unknown>,
): Promise<void> {
  const token = /^bearer (\S+)$/i.exec(context.get('Authorization'))?.[1];
  const check = token === undefined ? null : await accessTokens.check(token);
  if (check === null || !check.active || check.grantId === null) {
    await next();
    return;
  }
  const { claims, grantId } = check;
  const client = await provider.Client.find(claims.client_id);
  if (client === undefined) throw new Error('the client was there a moment ago');
  const scope = claims.scope ?? '';
  const opaque = new provider.AccessToken({
    accountId: claims.sub,
    client,
    grantId,
    scope,
    gty: 'authorization_code',
  });
  context.req.headers.authorization = `Bearer ${await opaque.save()}`;
  try {
    await next();
  } finally {
    await opaque.destroy();
  }
}

function presented({ oidc }: KoaContextWithOIDC): { client: Client; token: string } {
  const { client, params } = oidc;
  if (client === undefined || typeof params?.['token'] !== 'string') {
    throw new Error('the library refused a token without reading it');
  }
  return { client, token: params['token'] };
}
