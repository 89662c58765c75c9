// The scopes of one issuer: those of OpenID Connect and those of its protected resources, in words.

import type { ResourceConfiguration } from './configuration.ts';

export interface Scopes {
  readonly supported: readonly string[];
  /** What a request gets that names no scope (RFC 6749 §3.3 wants a default or a refusal). */
  readonly default: string;
  /** The scopes of a space-separated list that this issuer knows, in its order. */
  known(scope: string): readonly string[];
}

const openidConnectScopes: Readonly<Record<string, string>> = {
  openid: 'Know which user you are',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  address: 'See your postal address',
  phone: 'See your phone number',
  offline_access: 'Stay connected while you are away',
};

const protectedResourceScopes: Readonly<Record<string, string>> = {
  read: 'Read from the protected resource',
  write: 'Write to the protected resource',
};

/** Access tokens may carry these for every resource: they also work at the userinfo endpoint. */
export const openidScopes: readonly string[] = Object.keys(openidConnectScopes);

export function createScopes(resources: readonly ResourceConfiguration[]): Scopes {
  const ofResources = resources.flatMap(({ scopes }) => scopes);
  const supported = [...new Set([...openidScopes, ...ofResources])];
  return {
    supported,
    default: ofResources[0] ?? 'openid',
    known: (scope) => scope.split(' ').filter((name) => supported.includes(name)),
  };
}

/** What granting a known scope means, for the person who is asked. */
export function describeScope(scope: string): string {
  return (
    openidConnectScopes[scope] ??
    protectedResourceScopes[scope] ??
    `Use ${scope.replaceAll(/[._:/-]+/g, ' ').trim()}`
  );
}
