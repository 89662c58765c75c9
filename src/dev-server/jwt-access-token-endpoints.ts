// Revocation, introspection and userinfo for access tokens that are JWTs or for a protected resource, which
// oidc-provider refuses (`unsupported_token_type`, `invalid_token`). Client authentication and everything else stays
// the library's.

import type { AccessToken, Client, KoaContextWithOIDC, Provider } from 'oidc-provider';
import { UnsupportedTokenType } from 'oidc-provider/lib/helpers/errors.js';
import type { AccessTokens } from './access-tokens.ts';
import { foreignToken, mayIntrospect } from './token-policies.ts';

const introspectionJwt = 'application/token-introspection+jwt';

export function acceptJwtAccessTokens(
  provider: Provider,
  currentContext: () => KoaContextWithOIDC | undefined,
  accessTokens: AccessTokens,
): void {
  const refusedForBeingJwt = new WeakSet<object>();
  const note = (context: KoaContextWithOIDC, error: Error) => {
    if (error instanceof UnsupportedTokenType) refusedForBeingJwt.add(context);
  };
  provider.on('revocation.error', note);
  provider.on('introspection.error', note);
  findJwtAtUserinfo(provider, currentContext, accessTokens);

  provider.use(async (context, next) => {
    await next();
    // The library says this only after it has authenticated the client.
    if (!refusedForBeingJwt.has(context)) return;
    const withOidc = context as KoaContextWithOIDC;
    const respond = withOidc.oidc.route === 'revocation' ? revoke : introspect;
    await respond(accessTokens, withOidc);
  });
}

/** At userinfo every token of a user counts, whichever resource it is for. */
function findJwtAtUserinfo(
  provider: Provider,
  currentContext: () => KoaContextWithOIDC | undefined,
  accessTokens: AccessTokens,
): void {
  type Find = (value: string, options?: object) => Promise<AccessToken | undefined>;
  const model = provider.AccessToken as unknown as { find: Find };
  const findOpaque = model.find;
  model.find = async function (this: object, value, options) {
    if (currentContext()?.oidc.route !== 'userinfo') return findOpaque.call(this, value, options);
    const check = value.includes('.') ? await accessTokens.check(value) : null;
    const token =
      check === null ? await findOpaque.call(this, value, options) : check.active && check.token;
    if (token === undefined || token === false || token.kind !== 'AccessToken') return undefined;
    token.aud = undefined;
    return token;
  };
}

/** @see RFC 7009 §2.2: also 200 for a token that is not valid */
async function revoke(accessTokens: AccessTokens, context: KoaContextWithOIDC): Promise<void> {
  const { client, token } = presented(context);
  const check = await accessTokens.check(token);
  context.status = 200;
  context.body = '';
  if (!check.active) return;
  if (check.token.clientId === client.clientId) {
    await accessTokens.revoke(check.token);
  } else {
    context.status = 400;
    context.body = { error: 'invalid_request', error_description: foreignToken };
  }
}

/** @see RFC 7662 §2.2; RFC 9701 for the response as a JWT */
async function introspect(accessTokens: AccessTokens, context: KoaContextWithOIDC): Promise<void> {
  const { client, token } = presented(context);
  const check = await accessTokens.check(token);
  const visible = check.active && mayIntrospect(context, client, check.token);
  const answer = visible
    ? { active: true, token_type: check.token.tokenType, ...check.claims }
    : { active: false };
  context.status = 200;
  context.remove('WWW-Authenticate');
  const wantsJwt = context.accepts('json', introspectionJwt) === introspectionJwt;
  if (!wantsJwt || client.introspectionSignedResponseAlg === undefined) {
    context.body = answer;
    return;
  }
  const { IdToken } = context.oidc.provider as unknown as { IdToken: IntrospectionJwt };
  const jwt = new IdToken({}, { ctx: context });
  jwt.extra = { token_introspection: answer, aud: client.clientId };
  context.body = await jwt.issue({ use: 'introspection' });
  context.type = `${introspectionJwt}; charset=utf-8`;
}

type IntrospectionJwt = new (
  claims: object,
  options: object,
) => { extra: object; issue(options: { use: 'introspection' }): Promise<string> };

function presented({ oidc }: KoaContextWithOIDC): { client: Client; token: string } {
  const { client, params } = oidc;
  if (client === undefined || typeof params?.['token'] !== 'string') {
    throw new Error('the library refused a token without reading it');
  }
  return { client, token: params['token'] };
}
