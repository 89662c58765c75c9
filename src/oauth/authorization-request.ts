// The authorization request: response type code, PKCE with S256, state, and nonce with OpenID Connect
// (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2, OpenID Connect Core §3.1.2.1).

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { requireEndpoint } from './authorization-server.ts';
import { codeChallenge, randomValue } from './pkce.ts';

export type AuthorizationRequestOptions = {
  readonly clientId: string;
  readonly redirectUri: string;
  readonly scope?: string | undefined;
  /** Resource indicators; RFC 8707. */
  readonly resources: readonly string[];
};

/** Everything that the later steps must compare with; kept in memory only. */
export type AuthorizationRequest = {
  /** What the browser opens. */
  readonly url: URL;
  readonly issuer: string;
  readonly clientId: string;
  readonly redirectUri: string;
  readonly state: string;
  /** Present when the scope contains openid. */
  readonly nonce: string | undefined;
  readonly codeVerifier: string;
  readonly scope: string | undefined;
  readonly resources: readonly string[];
};

/**
 * Creates an authorization request with fresh state, nonce and code verifier.
 * @throws CliError `protocol_violation` when the server has no authorization endpoint or no PKCE with S256
 * @see RFC 6749 §4.1.1
 */
export function createAuthorizationRequest(
  { random, sha256 }: Pick<Environment, 'random' | 'sha256'>,
  server: AuthorizationServer,
  options: AuthorizationRequestOptions,
): AuthorizationRequest {
  refuseServerWithoutS256(server);
  const state = randomValue(random);
  const codeVerifier = randomValue(random);
  const nonce = scopesOf(options.scope).includes('openid') ? randomValue(random) : undefined;
  const url = requireEndpoint(server, 'authorization_endpoint');
  const parameters: [string, string | undefined][] = [
    ['response_type', 'code'],
    ['client_id', options.clientId],
    ['redirect_uri', options.redirectUri],
    ['scope', options.scope],
    ['state', state],
    ['nonce', nonce],
    ['code_challenge', codeChallenge(sha256, codeVerifier)],
    ['code_challenge_method', 'S256'],
    // Without consent shown, OpenID providers hand out no refresh token. @see OpenID Connect Core §11
    [
      'prompt',
      nonce !== undefined && scopesOf(options.scope).includes('offline_access')
        ? 'consent'
        : undefined,
    ],
  ];
  for (const [name, value] of parameters)
    if (value !== undefined) url.searchParams.set(name, value);
  for (const resource of options.resources) url.searchParams.append('resource', resource);
  return {
    url,
    issuer: server.issuer,
    clientId: options.clientId,
    redirectUri: options.redirectUri,
    state,
    nonce,
    codeVerifier,
    scope: options.scope,
    resources: options.resources,
  };
}

/** The scopes of a scope string; RFC 6749 §3.3. */
export function scopesOf(scope: string | undefined): readonly string[] {
  return scope === undefined ? [] : scope.split(' ').filter((name) => name !== '');
}

/**
 * The scope to ask for when the user named none: the protected resource's, and openid and offline_access where the
 * server advertises them.
 * @see RFC 9728 §7.2; OpenID Connect Core §11
 */
export function defaultScope(
  server: AuthorizationServer,
  resourceScope?: string,
): string | undefined {
  const supported: unknown = server.scopes_supported;
  const advertised = Array.isArray(supported) ? (supported as unknown[]) : [];
  const scopes = new Set([
    ...scopesOf(resourceScope),
    ...['openid', 'offline_access'].filter((scope) => advertised.includes(scope)),
  ]);
  return scopes.size === 0 ? undefined : [...scopes].join(' ');
}

/** @throws CliError `usage` unless it is an absolute URI without a fragment. @see RFC 8707 §2 */
export function checkResource(resource: string): string {
  if (URL.canParse(resource) && !resource.includes('#')) return resource;
  throw new CliError('usage', 'a resource must be an absolute URI without a fragment');
}

/**
 * Refuses a server that no authorization request could be made for, before a client is registered there.
 * @throws CliError `protocol_violation`
 */
export function refuseUnusableServer(server: AuthorizationServer): void {
  refuseServerWithoutS256(server);
  requireEndpoint(server, 'authorization_endpoint');
}

function refuseServerWithoutS256(server: AuthorizationServer): void {
  const methods: unknown = server.code_challenge_methods_supported;
  if (methods === undefined || (Array.isArray(methods) && methods.includes('S256'))) return;
  throw new CliError(
    'protocol_violation',
    'the authorization server does not offer PKCE with S256 (code_challenge_methods_supported)',
    { hint: 'oauth-cli does not log in without it' },
  );
}
