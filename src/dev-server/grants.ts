// What a person's consent turns into: a grant of the scopes that the authorization request asked for.

import type { Provider } from 'oidc-provider';
import type { Resources } from './resources.ts';
import type { Scopes } from './scopes.ts';

export type ConsentedRequest = {
  readonly accountId: string;
  readonly clientId: string;
  /** The parameters of the authorization request; scopes that this server does not know are left out. */
  readonly parameters: Readonly<Record<string, unknown>>;
};

export type GrantContext = {
  readonly provider: Provider;
  readonly resources: Resources;
  readonly scopes: Scopes;
};

/**
 * Saves a grant of its own for each consent, so that revoking one login leaves the others; gives its id.
 * Every scope is granted for the resources too: their access tokens also work at the userinfo endpoint.
 */
export async function saveGrant(
  { provider, resources, scopes }: GrantContext,
  { accountId, clientId, parameters }: ConsentedRequest,
): Promise<string> {
  const grant = new provider.Grant({ accountId, clientId });
  const { scope: requested } = parameters;
  const scope = scopes.known(typeof requested === 'string' ? requested : '').join(' ');
  grant.addOIDCScope(scope);
  for (const uri of requestedResources(parameters, resources)) grant.addResourceScope(uri, scope);
  const details = parameters['authorization_details'];
  for (const detail of typeof details === 'string'
    ? (JSON.parse(details) as { type: string }[])
    : []) {
    grant.addRar(detail);
  }
  return grant.save();
}

/** The `resource` parameters of an authorization request, else the default. */
export function requestedResources(
  { resource }: Readonly<Record<string, unknown>>,
  resources: Resources,
): readonly string[] {
  if (typeof resource === 'string') return [resource];
  return Array.isArray(resource) ? (resource as string[]) : [resources.default.uri];
}
