// The protocols that oidc-provider offers here, each switched on with its policy.

import type { Configuration, KoaContextWithOIDC, ResourceServer } from 'oidc-provider';
import { InvalidTarget, UnknownUserId } from 'oidc-provider/lib/helpers/errors.js';
import { clientCertificate } from './client-certificate.ts';
import { deviceFlow } from './device-flow.ts';
import { saveGrant } from './grants.ts';
import { logoutPages } from './logout.ts';
import type { ProviderSettings } from './provider-configuration.ts';
import type { Resource } from './resources.ts';
import { mayIntrospect, mayRevoke } from './token-policies.ts';

type Features = NonNullable<Configuration['features']>;

export function providerFeatures(settings: ProviderSettings): Features {
  const { configuration, keys, requireDpopNonce } = settings;
  return {
    devInteractions: { enabled: false },
    backchannelLogout: { enabled: false },
    ciba: backchannelAuthentication(settings),
    claimsParameter: { enabled: true },
    clientCredentials: { enabled: true },
    deviceFlow: deviceFlow(settings),
    dPoP: { enabled: true, nonceSecret: keys.dpopNonceSecret, requireNonce: requireDpopNonce },
    introspection: { enabled: true, allowedPolicy: mayIntrospect },
    jwtIntrospection: { enabled: true },
    jwtResponseModes: { enabled: true },
    jwtUserinfo: { enabled: true },
    mTLS: mutualTls(settings),
    pushedAuthorizationRequests: { enabled: true },
    registration: { enabled: configuration.registration, initialAccessToken: false },
    registrationManagement: {
      enabled: configuration.registration,
      rotateRegistrationAccessToken: true,
    },
    requestObjects: { enabled: true },
    resourceIndicators: resourceIndicators(settings),
    revocation: { enabled: true, allowedPolicy: mayRevoke },
    richAuthorizationRequests: richAuthorizationRequests(configuration.authorization_details_types),
    rpInitiatedLogout: { enabled: true, ...logoutPages(settings.issuer) },
    userinfo: { enabled: true },
  };
}

/**
 * Every access token is for a resource, with or without a `resource` parameter, at first and when refreshed. The
 * library's own userinfo endpoint would take only one without; jwt-access-token-endpoints.ts makes it take these too.
 */
function resourceIndicators({ resources, keys }: ProviderSettings): Features['resourceIndicators'] {
  return {
    enabled: true,
    defaultResource: (_context, _client, oneOf) => oneOf?.[0] ?? resources.default.uri,
    useGrantedResource: () => true,
    getResourceServerInfo: (context, uri) => {
      const resource = resources.find(uri);
      if (resource === null) {
        const known = resources.all.map((one) => one.uri).join(', ');
        throw new InvalidTarget(`the resources here are ${known}`);
      }
      return resourceServerOf(resource, context, keys);
    },
  };
}

/** How the library makes access tokens for a resource; HS256 is for services, who share the secret with nobody. */
export function resourceServerOf(
  resource: Resource,
  { oidc }: KoaContextWithOIDC,
  keys: ProviderSettings['keys'],
): ResourceServer {
  const shared = {
    audience: resource.uri,
    scope: resource.tokenScope,
    accessTokenTTL: resource.lifetime,
  };
  if (resource.tokenFormat === 'opaque') return { ...shared, accessTokenFormat: 'opaque' };
  const forItself = oidc.params?.['grant_type'] === 'client_credentials';
  const alg = resource.algorithm ?? (forItself ? 'HS256' : 'ES256');
  const sign = alg === 'HS256' ? { alg, key: keys.signingSecret } : { alg };
  return { ...shared, accessTokenFormat: 'jwt', jwt: { sign } };
}

/** RFC 9396: the details that were granted are those that were asked for. */
function richAuthorizationRequests(types: readonly string[]): object {
  const requested = ({ oidc }: KoaContextWithOIDC) => {
    const details = oidc.params?.['authorization_details'];
    return typeof details === 'string' ? (JSON.parse(details) as object[]) : undefined;
  };
  return {
    enabled: types.length > 0,
    types: Object.fromEntries(types.map((type) => [type, { validate: () => undefined }])),
    authorizationDetailsForGrantSource: (context: KoaContextWithOIDC) => requested(context),
    authorizationDetailsForAccessToken: (
      context: KoaContextWithOIDC,
      _token: object,
      source: { rar?: object[] } | undefined,
    ) => requested(context) ?? source?.rar,
    authorizationDetailsForIntrospection: (_context: object, token: { rar?: object[] }) =>
      token.rar,
  };
}

/** OpenID Connect CIBA with polling. A request is granted at once with auto-approve, else on the account page. */
function backchannelAuthentication(settings: ProviderSettings): object {
  const { accounts, autoApprove, resources, scopes } = settings;
  return {
    enabled: true,
    deliveryModes: ['poll'],
    validateBindingMessage: () => undefined,
    validateRequestContext: () => undefined,
    verifyUserCode: () => undefined,
    processLoginHint: async (_context: KoaContextWithOIDC, hint?: string) => {
      const account = accounts.find(hint ?? '');
      if (account === null) throw new UnknownUserId('there is no user of that name');
      return account.username;
    },
    processLoginHintToken: async () => {
      throw new UnknownUserId('login_hint_token is not supported; use login_hint');
    },
    triggerAuthenticationDevice: async (
      { oidc }: KoaContextWithOIDC,
      request: { jti: string; accountId: string; clientId: string },
    ) => {
      if (autoApprove === undefined) return;
      const { provider } = oidc;
      const grantId = await saveGrant(
        { provider, resources, scopes },
        {
          accountId: request.accountId,
          clientId: request.clientId,
          parameters: oidc.params ?? {},
        },
      );
      await provider.backchannelResult(request as never, grantId);
    },
  };
}

/** RFC 8705; only where the server speaks TLS itself, and any certificate that fits the client's metadata counts. */
function mutualTls({ issuer }: ProviderSettings): NonNullable<Features['mTLS']> {
  if (!issuer.startsWith('https:')) return { enabled: false };
  return {
    enabled: true,
    certificateBoundAccessTokens: true,
    selfSignedTlsClientAuth: true,
    tlsClientAuth: true,
    getCertificate: (context) => clientCertificate(context.req)?.toString(),
    certificateAuthorized: (context) => clientCertificate(context.req) !== null,
    certificateSubjectMatches: (context, property, expected) => {
      const certificate = clientCertificate(context.req);
      if (certificate === null) return false;
      if (property === 'tls_client_auth_subject_dn') {
        return subjectOf(certificate.subject) === subjectOf(expected);
      }
      const kind = property.replace('tls_client_auth_san_', '');
      const prefixes: Record<string, string> = { dns: 'DNS', uri: 'URI', ip: 'IP Address' };
      const wanted = `${prefixes[kind] ?? kind}:${expected}`;
      return (certificate.subjectAltName ?? '').split(', ').includes(wanted);
    },
  };
}

/** A subject's parts without regard to their order and separators, as RFC 4514 and OpenSSL write them differently. */
function subjectOf(name: string): string {
  const parts = name.split(/[\n,]/).map((part) => part.trim().toLowerCase());
  return parts.sort().join(',');
}
