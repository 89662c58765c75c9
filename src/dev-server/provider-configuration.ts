// How oidc-provider is set up: what is offered, how long it lasts, and every hook whose default prints a warning.

import type { Account as ProviderAccount, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { InvalidScope } from 'oidc-provider/lib/helpers/errors.js';
import type { AccessTokens } from './access-tokens.ts';
import type { Accounts } from './accounts.ts';
import type { IssuerConfiguration } from './configuration.ts';
import type { ServerKeys } from './keys.ts';
import type { MemoryStore } from './memory-store.ts';
import { errorPage } from './pages/error-page.ts';
import { providerFeatures } from './provider-features.ts';
import type { Resources } from './resources.ts';
import type { Scopes } from './scopes.ts';

export type ProviderSettings = {
  readonly issuer: string;
  readonly configuration: IssuerConfiguration;
  readonly keys: ServerKeys;
  readonly accounts: Accounts;
  readonly store: MemoryStore;
  readonly resources: Resources;
  readonly scopes: Scopes;
  readonly accessTokens: AccessTokens;
  /** Whether a DPoP proof without a nonce is refused now. */
  readonly requireDpopNonce: () => boolean;
  /** The user who is logged in and consents to everything without a page. */
  readonly autoApprove: string | undefined;
};

export const developmentOnly = 'development only: a local authorization server, not for production';

const minute = 60;
const day = 24 * 60 * minute;

export const endpointPaths = {
  authorization: '/authorize',
  backchannel_authentication: '/backchannel',
  code_verification: '/device',
  device_authorization: '/device_authorization',
  end_session: '/logout',
  introspection: '/introspect',
  jwks: '/jwks',
  pushed_authorization_request: '/par',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
};

const signingAlgorithms = ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256'] as const;

export function providerConfiguration(settings: ProviderSettings): Configuration {
  const { issuer, keys, accounts, store, configuration, scopes, accessTokens } = settings;
  // Cookies do not tell ports apart: without it in their names, two servers would log each other out.
  const { port, pathname } = new URL(issuer);
  const cookiePrefix = `oauth_cli_serve_${port}${pathname.replaceAll('/', '_')}`;
  return {
    adapter: store,
    jwks: { keys: keys.signingKeys() },
    routes: endpointPaths,
    ttl: timesToLive(configuration),
    clockTolerance: 0,
    scopes: scopes.supported,
    claims: claimsOfScopes(configuration),
    responseTypes: ['code'],
    clientAuthMethods: [
      'none',
      'client_secret_basic',
      'client_secret_post',
      'client_secret_jwt',
      'private_key_jwt',
      ...(issuer.startsWith('https:')
        ? (['tls_client_auth', 'self_signed_tls_client_auth'] as const)
        : []),
    ],
    enabledJWA: {
      clientAuthSigningAlgValues: ['HS256', ...signingAlgorithms],
      requestObjectSigningAlgValues: ['HS256', ...signingAlgorithms],
      dPoPSigningAlgValues: [...signingAlgorithms],
    },
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
      authorization_signed_response_alg: 'ES256',
      introspection_signed_response_alg: 'ES256',
      authorization_details_types: configuration.authorization_details_types,
    },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: configuration.refresh_token_rotation.enabled,
    issueRefreshToken: async (_context, client) => client.grantTypeAllowed('refresh_token'),
    // A login at the command line outlives the browser session that it began in.
    expiresWithSession: async () => false,
    clientBasedCORS: () => false,
    cookies: {
      keys: [keys.cookieKey],
      names: {
        session: `${cookiePrefix}_session`,
        interaction: `${cookiePrefix}_interaction`,
        resume: `${cookiePrefix}_resume`,
      },
    },
    discovery: { service_documentation: `${issuer}/`, development_only: developmentOnly },
    extraParams: { default_scope: (context) => applyDefaultScope(context, scopes) },
    findAccount: (_context, username) => findAccount(accounts, username),
    interactions: { url: (_context, { uid }) => `${issuer}/interaction/${uid}` },
    renderError: (context, out) => {
      const page = errorPage({ code: out.error, description: out.error_description });
      context.set(page.headers);
      context.body = page.body;
    },
    extraTokenClaims: (context) => {
      const { actor } = context.state as { actor?: object };
      return actor === undefined ? undefined : { act: actor };
    },
    formats: {
      customizers: { jwt: (_context, token, jwt) => accessTokens.record(token, jwt.payload) },
    },
    features: providerFeatures(settings),
  };
}

function timesToLive({ lifetimes }: IssuerConfiguration): NonNullable<Configuration['ttl']> {
  return {
    AccessToken: lifetimes.access_token,
    AuthorizationCode: lifetimes.authorization_code,
    BackchannelAuthenticationRequest: lifetimes.device_code,
    ClientCredentials: lifetimes.access_token,
    DeviceCode: lifetimes.device_code,
    Grant: Math.max(14 * day, lifetimes.refresh_token),
    IdToken: lifetimes.id_token,
    Interaction: 30 * minute,
    RefreshToken: lifetimes.refresh_token,
    Session: lifetimes.session,
  };
}

const standardClaims: Readonly<Record<string, readonly string[]>> = {
  profile: [
    ...['name', 'given_name', 'family_name', 'middle_name', 'nickname', 'preferred_username'],
    ...['profile', 'picture', 'website', 'gender', 'birthdate', 'zoneinfo', 'locale', 'updated_at'],
  ],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number', 'phone_number_verified'],
};

/** OpenID Connect Core §5.4; claims of the configured users that it does not know come with `openid`. */
function claimsOfScopes({ users }: IssuerConfiguration): Record<string, readonly string[]> {
  const standard = new Set(Object.values(standardClaims).flat());
  const own = users.flatMap(({ claims = {} }) => Object.keys(claims));
  const extra = own.filter((name) => !standard.has(name) && name !== 'sub');
  return { openid: ['sub', 'groups', 'roles', ...new Set(extra)], ...standardClaims };
}

/** Called by the library once for every authorization request, after its parameters are known to be well-formed. */
function applyDefaultScope(context: KoaContextWithOIDC, scopes: Scopes): void {
  const parameters = context.oidc.params as { scope?: string };
  parameters.scope ??= scopes.default;
  if (scopes.known(parameters.scope).length === 0) {
    throw new InvalidScope('none of the requested scopes is known here', parameters.scope);
  }
}

function findAccount(accounts: Accounts, username: string): ProviderAccount | undefined {
  const account = accounts.find(username);
  if (account === null) return undefined;
  return { accountId: username, claims: async () => ({ sub: username, ...account.claims }) };
}
