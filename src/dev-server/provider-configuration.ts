// How oidc-provider is set up: what is offered, how long it lasts, and every hook whose default prints a warning.

import type { Account as ProviderAccount, Configuration, KoaContextWithOIDC } from 'oidc-provider';
import { InvalidScope, InvalidTarget } from 'oidc-provider/lib/helpers/errors.js';
import type { Accounts } from './accounts.ts';
import { accessTokenScope } from './grants.ts';
import type { ServerKeys } from './keys.ts';
import type { MemoryStore } from './memory-store.ts';
import { errorPage } from './pages/error-page.ts';
import { defaultScope, knownScopes, supportedScopes } from './scopes.ts';
import { mayIntrospect, mayRevoke } from './token-policies.ts';

export type ProviderSettings = {
  readonly issuer: string;
  readonly protectedResource: string;
  readonly keys: ServerKeys;
  readonly accounts: Accounts;
  readonly store: MemoryStore;
};

export const developmentOnly = 'development only: a local authorization server, not for production';

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const lifetimes = {
  AccessToken: 30 * minute,
  AuthorizationCode: minute,
  ClientCredentials: 30 * minute,
  Grant: 14 * day,
  IdToken: hour,
  Interaction: 30 * minute,
  RefreshToken: 14 * day,
  Session: day,
};

export const endpointPaths = {
  authorization: '/authorize',
  end_session: '/logout',
  introspection: '/introspect',
  jwks: '/jwks',
  registration: '/register',
  revocation: '/revoke',
  token: '/token',
  userinfo: '/userinfo',
};

export function providerConfiguration(settings: ProviderSettings): Configuration {
  const { issuer, keys, accounts, store } = settings;
  // Cookies do not tell ports apart: without its port in their names, two servers would log each other out.
  const cookiePrefix = `oauth_cli_serve_${new URL(issuer).port}`;
  return {
    adapter: store,
    jwks: { keys: [keys.signingKey] },
    routes: endpointPaths,
    ttl: lifetimes,
    clockTolerance: 0,
    scopes: supportedScopes,
    claims: {
      openid: ['sub'],
      profile: ['name', 'preferred_username'],
      email: ['email', 'email_verified'],
    },
    responseTypes: ['code'],
    clientDefaults: {
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      id_token_signed_response_alg: 'ES256',
    },
    pkce: { required: () => true },
    allowOmittingSingleRegisteredRedirectUri: false,
    rotateRefreshToken: true,
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
    extraParams: { default_scope: applyDefaultScope },
    findAccount: (_context, username) => findAccount(accounts, username),
    renderError: (context, out) => {
      const page = errorPage({ code: out.error, description: out.error_description });
      context.set(page.headers);
      context.body = page.body;
    },
    formats: { customizers: { jwt: (_context, token, jwt) => nameGrantInTokenId(token, jwt) } },
    features: features(settings),
  };
}

function features({ protectedResource }: ProviderSettings): NonNullable<Configuration['features']> {
  return {
    devInteractions: { enabled: false },
    clientCredentials: { enabled: true },
    dPoP: { enabled: false },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    pushedAuthorizationRequests: { enabled: false },
    registration: { enabled: true, initialAccessToken: false },
    registrationManagement: { enabled: true, rotateRegistrationAccessToken: true },
    resourceIndicators: {
      enabled: true,
      // Every access token is for the protected resource, with or without a `resource` parameter, at first and when
      // refreshed. The library's own userinfo endpoint would take only a token without any resource;
      // jwt-access-token-endpoints.ts makes it take these too.
      defaultResource: () => protectedResource,
      useGrantedResource: () => true,
      getResourceServerInfo: (_context, resource) => {
        if (resource !== protectedResource) {
          throw new InvalidTarget(`the only resource here is ${protectedResource}`);
        }
        return {
          audience: protectedResource,
          scope: accessTokenScope,
          accessTokenFormat: 'jwt',
          accessTokenTTL: lifetimes.AccessToken,
          jwt: { sign: { alg: 'ES256' } },
        };
      },
    },
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    rpInitiatedLogout: { enabled: false },
    userinfo: { enabled: true },
  };
}

/** Called by the library once for every authorization request, after its parameters are known to be well-formed. */
function applyDefaultScope(context: KoaContextWithOIDC): void {
  const parameters = context.oidc.params as { scope?: string };
  parameters.scope ??= defaultScope;
  if (knownScopes(parameters.scope).length === 0) {
    throw new InvalidScope('none of the requested scopes is known here', parameters.scope);
  }
}

function findAccount(accounts: Accounts, username: string): ProviderAccount | undefined {
  const account = accounts.find(username);
  if (account === null) return undefined;
  return { accountId: username, claims: async () => ({ sub: username, ...account.claims }) };
}

/** A JWT access token is not stored; its `jti` says of which grant it is, so that it can end with the grant. */
function nameGrantInTokenId(
  token: { readonly grantId?: string; readonly jti: string },
  jwt: { payload: Record<string, unknown> },
): void {
  if (token.grantId !== undefined) jwt.payload['jti'] = `${token.grantId}.${token.jti}`;
}
