// The grants that oidc-provider leaves to its users: token exchange (RFC 8693) and JWT bearer (RFC 7523 §2.1).

import { createLocalJWKSet, errors, jwtVerify, type JSONWebKeySet } from 'jose';
import type { Client, KoaContextWithOIDC, Provider, ResourceServer } from 'oidc-provider';
import { InvalidGrant, InvalidRequest, InvalidTarget } from 'oidc-provider/lib/helpers/errors.js';
import validateDpop, { checkDpopReplay } from 'oidc-provider/lib/helpers/validate_dpop.js';
import type { ProviderSettings } from './provider-configuration.ts';
import { resourceServerOf } from './provider-features.ts';

export const tokenExchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
export const jwtBearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';
const jwtType = 'urn:ietf:params:oauth:token-type:jwt';

type Issue = {
  readonly accountId: string;
  readonly scope: string;
  /** The `act` claim (RFC 8693 §4.1). */
  readonly actor?: { readonly sub: string } | undefined;
};

export function registerCustomGrants(provider: Provider, settings: ProviderSettings): void {
  provider.registerGrantType(
    tokenExchangeGrant,
    async (context) => exchange(provider, settings, context),
    [
      ...['subject_token', 'subject_token_type', 'actor_token', 'actor_token_type'],
      ...['requested_token_type', 'audience', 'resource', 'scope'],
    ],
  );
  provider.registerGrantType(
    jwtBearerGrant,
    async (context) => redeemAssertion(provider, settings, context),
    ['assertion', 'scope', 'resource'],
  );
}

/** @see RFC 8693 §2: a token of this server for another one of the same user, narrower or for another resource */
async function exchange(
  provider: Provider,
  settings: ProviderSettings,
  context: KoaContextWithOIDC,
): Promise<void> {
  const parameters = parametersOf(context);
  const subject = await exchangeable(settings, parameters, 'subject');
  const actor =
    parameters['actor_token'] === undefined
      ? null
      : await exchangeable(settings, parameters, 'actor');
  const requested = parameters['requested_token_type'] ?? accessTokenType;
  if (![accessTokenType, jwtType].includes(requested)) {
    throw new InvalidRequest('requested_token_type must be an access token');
  }
  const { scope: subjectScope } = subject;
  const had = typeof subjectScope === 'string' ? subjectScope.split(' ') : [];
  const scope = parameters['scope'] ?? had.join(' ');
  if (!scope.split(' ').every((name) => had.includes(name))) {
    throw new InvalidGrant('the subject token does not have all of the requested scopes');
  }
  await issue(provider, settings, context, {
    accountId: String(subject['sub']),
    scope,
    actor: actor === null ? undefined : { sub: String(actor['sub']) },
  });
  (context.body as Record<string, unknown>)['issued_token_type'] = accessTokenType;
}

async function exchangeable(
  { accessTokens }: ProviderSettings,
  parameters: Record<string, string | undefined>,
  role: 'subject' | 'actor',
): Promise<Readonly<Record<string, unknown>>> {
  const token = parameters[`${role}_token`];
  const type = parameters[`${role}_token_type`];
  if (token === undefined || type === undefined) {
    throw new InvalidRequest(`${role}_token and ${role}_token_type are needed`);
  }
  if (![accessTokenType, jwtType].includes(type)) {
    throw new InvalidRequest(`${role}_token_type must be an access token`);
  }
  const check = await accessTokens.check(token);
  // RFC 8693 §2.2.2: an invalid subject or actor token is invalid_request.
  if (!check.active) throw new InvalidRequest(`the ${role} token is not valid: ${check.reason}`);
  return check.claims;
}

/** @see RFC 7523 §3: an assertion that the client signed with a key of its `jwks`, about a user of this server */
async function redeemAssertion(
  provider: Provider,
  settings: ProviderSettings,
  context: KoaContextWithOIDC,
): Promise<void> {
  const { assertion, scope } = parametersOf(context);
  const { client } = context.oidc;
  if (assertion === undefined) throw new InvalidRequest("missing required parameter 'assertion'");
  const { sub, jti, exp } = await verifyAssertion(assertion, client, settings.issuer);
  if (settings.accounts.find(sub ?? '') === null) {
    throw new InvalidGrant('the subject of the assertion is no user of this server');
  }
  if (jti !== undefined) {
    const until = exp ?? 0;
    const fresh = await provider.ReplayDetection.unique(client?.clientId ?? '', jti, until);
    if (!fresh) throw new InvalidGrant('the assertion was used before');
  }
  await issue(provider, settings, context, {
    accountId: sub ?? '',
    scope: scope ?? settings.scopes.default,
  });
}

async function verifyAssertion(assertion: string, client: Client | undefined, issuer: string) {
  const { jwks } = client?.metadata() ?? {};
  if (jwks === undefined) throw new InvalidGrant('the client has no jwks to verify it with');
  try {
    const keys = createLocalJWKSet(jwks as JSONWebKeySet);
    const audience = [issuer, `${issuer}/token`];
    const { payload } = await jwtVerify(assertion, keys, {
      audience,
      requiredClaims: ['iss', 'sub', 'exp'],
      currentDate: new Date(Date.now()),
    });
    return payload;
  } catch (error) {
    if (!(error instanceof errors.JOSEError)) throw error;
    throw new InvalidGrant(`the assertion is not valid (${error.code})`);
  }
}

async function issue(
  provider: Provider,
  { resources, scopes, keys }: ProviderSettings,
  context: KoaContextWithOIDC,
  { accountId, scope, actor }: Issue,
): Promise<void> {
  const { client } = context.oidc;
  if (client === undefined) throw new Error('the library authenticates the client first');
  const resource = resources.find(parametersOf(context)['resource'] ?? resources.default.uri);
  if (resource === null) throw new InvalidTarget('there is no such resource here');
  const known = scopes.known(scope).filter((name) => resource.tokenScope.split(' ').includes(name));
  const grant = new provider.Grant({ accountId, clientId: client.clientId });
  grant.addOIDCScope(known.join(' '));
  grant.addResourceScope(resource.uri, known.join(' '));
  context.state['actor'] = actor;
  const { ResourceServer } = provider as unknown as { ResourceServer: ResourceServerModel };
  const token = new provider.AccessToken({
    accountId,
    client,
    grantId: await grant.save(),
    gty: 'token_exchange',
    scope: known.join(' '),
    resourceServer: new ResourceServer(resource.uri, resourceServerOf(resource, context, keys)),
  });
  await bindToKey(provider, context, client, token);
  context.oidc.entity('AccessToken', token);
  const access_token = await token.save();
  context.body = {
    access_token,
    token_type: token.tokenType,
    expires_in: token.expiration,
    scope: known.join(' '),
  };
}

type ResourceServerModel = new (uri: string, info: ResourceServer) => never;

/** RFC 9449 §5 */
async function bindToKey(
  provider: Provider,
  context: KoaContextWithOIDC,
  client: Client,
  token: { setThumbprint(property: 'jkt', value: string): void },
): Promise<void> {
  const proof = await validateDpop(provider, context);
  if (proof === undefined) {
    if (client.dpopBoundAccessTokens) throw new InvalidGrant('DPoP proof JWT not provided');
    return;
  }
  await checkDpopReplay(provider, context, proof, client.clientId);
  token.setThumbprint('jkt', proof.thumbprint);
}

function parametersOf({ oidc }: KoaContextWithOIDC): Record<string, string | undefined> {
  return { ...oidc.params } as Record<string, string | undefined>;
}
