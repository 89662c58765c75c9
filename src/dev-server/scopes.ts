// The scopes of this server: those of OpenID Connect and those of its protected resource, in words.

const openidConnectScopes: Readonly<Record<string, string>> = {
  openid: 'Know which user you are',
  profile: 'See your name and user name',
  email: 'See your e-mail address',
  offline_access: 'Stay connected while you are away',
};

const protectedResourceScopes: Readonly<Record<string, string>> = {
  read: 'Read from the protected resource',
  write: 'Write to the protected resource',
};

/** What a request gets that names no scope (RFC 6749 §3.3 wants a default or a refusal). */
export const defaultScope = 'read';

export const resourceScopes: readonly string[] = Object.keys(protectedResourceScopes);

export const supportedScopes: readonly string[] = [
  ...Object.keys(openidConnectScopes),
  ...resourceScopes,
];

/** The scopes of a space-separated list that this server knows, in its order. */
export function knownScopes(scope: string): readonly string[] {
  return scope.split(' ').filter((name) => supportedScopes.includes(name));
}

/** What granting a known scope means, for the person who is asked. */
export function describeScope(scope: string): string {
  return openidConnectScopes[scope] ?? protectedResourceScopes[scope] ?? scope;
}
