// What a person's consent turns into: a grant of the scopes that the authorization request asked for.

import type { Provider } from 'oidc-provider';
import { knownScopes, supportedScopes } from './scopes.ts';

export type ConsentedRequest = {
  readonly accountId: string;
  readonly clientId: string;
  /** As requested; scopes that this server does not know are left out. */
  readonly scope: string;
  readonly resource: string;
};

/**
 * Saves a grant of its own for each consent, so that revoking one login leaves the others; gives its id.
 * Every scope is granted for the resource too: its access tokens also work at the userinfo endpoint.
 */
export async function saveGrant(provider: Provider, request: ConsentedRequest): Promise<string> {
  const grant = new provider.Grant({ accountId: request.accountId, clientId: request.clientId });
  const scope = knownScopes(request.scope).join(' ');
  grant.addOIDCScope(scope);
  grant.addResourceScope(request.resource, scope);
  return grant.save();
}

/** The scopes that access tokens for the protected resource may carry, as one string. */
export const accessTokenScope = supportedScopes.join(' ');
