// The protected resources of one issuer, by their resource indicators (RFC 8707).

import type { IssuerConfiguration, SigningAlgorithm } from './configuration.ts';
import { openidScopes } from './scopes.ts';

export type Resource = {
  /** An absolute URI. */
  readonly uri: string;
  /** Where it answers on this server, below the issuer; null when it is elsewhere. */
  readonly path: string | null;
  readonly scopes: readonly string[];
  /** What its access tokens may carry: its own scopes and those of OpenID Connect. */
  readonly tokenScope: string;
  readonly tokenFormat: 'jwt' | 'opaque';
  readonly algorithm: SigningAlgorithm | undefined;
  /** Seconds. */
  readonly lifetime: number;
};

export interface Resources {
  /** For tokens that no `resource` parameter was sent for. */
  readonly default: Resource;
  readonly all: readonly Resource[];
  find(uri: string): Resource | null;
}

export function createResources(
  issuer: string,
  { resources, lifetimes }: IssuerConfiguration,
): Resources {
  const all = resources.map(({ resource, scopes, token_format, alg, lifetime }): Resource => ({
    uri: resource.startsWith('/') ? `${issuer}${resource}` : resource,
    path: resource.startsWith('/') ? resource : null,
    scopes,
    tokenScope: [...openidScopes, ...scopes].join(' '),
    tokenFormat: token_format,
    algorithm: alg,
    lifetime: lifetime ?? lifetimes.access_token,
  }));
  const [first] = all;
  if (first === undefined) throw new Error('there is always a resource');
  return { default: first, all, find: (uri) => all.find((one) => one.uri === uri) ?? null };
}
