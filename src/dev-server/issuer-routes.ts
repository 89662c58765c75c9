// The addresses of one issuer that are ours and not the library's.

import { createAccountHandlers } from './account.ts';
import { createInteractionHandler } from './interactions.ts';
import type { Issuer } from './issuer.ts';
import { indexPage } from './pages/index-page.ts';
import { sendPage } from './pages/page.ts';
import {
  createProtectedResourceHandler,
  resourceMetadata,
  resourceMetadataPath,
} from './protected-resource.ts';
import { endpointPaths } from './provider-configuration.ts';
import type { Route } from './request-listener.ts';
import { sendJson } from './respond.ts';

const readOnly = ['GET', 'HEAD'];

/** By path; `/interaction/` stands for every address below it. */
export function createIssuerRoutes(issuer: Issuer): ReadonlyMap<string, Route> {
  const { path: basePath } = issuer.configuration;
  const index: Route = {
    methods: readOnly,
    handle: async (_, response) => sendIndex(issuer, response),
  };
  const interaction: Route = {
    methods: [...readOnly, 'POST'],
    handle: createInteractionHandler({ ...issuer, basePath, csrfKey: issuer.keys.csrfKey }),
  };
  const { account, signup } = createAccountHandlers({
    ...issuer,
    basePath,
    csrfKey: issuer.keys.csrfKey,
  });
  const methods = [...readOnly, 'POST'];
  return new Map<string, Route>([
    [`${basePath}/`, index],
    ...(basePath === '' ? [] : [[basePath, index] as const]),
    [`${basePath}/account`, { methods, handle: account }],
    [`${basePath}/signup`, { methods, handle: signup }],
    [`${basePath}/interaction/`, interaction],
    ...protectedResourceRoutes(issuer),
  ]);
}

function protectedResourceRoutes(issuer: Issuer): readonly (readonly [string, Route])[] {
  const { origin } = new URL(issuer.issuer);
  return issuer.resources.all.flatMap((resource) => {
    if (resource.path === null) return [];
    const metadata = resourceMetadata(issuer.issuer, resource);
    const metadataPath = resourceMetadataPath(resource.uri);
    const metadataUrl = `${origin}${metadataPath}`;
    const handle = createProtectedResourceHandler({
      ...issuer,
      resource,
      metadataUrl,
    });
    return [
      [new URL(resource.uri).pathname, { methods: readOnly, handle }],
      [
        metadataPath,
        {
          methods: readOnly,
          handle: async (_, response) => sendJson(response, 200, metadata),
        },
      ],
    ] satisfies [string, Route][];
  });
}

function sendIndex(
  { issuer, configuration, resources, accounts }: Issuer,
  response: Parameters<Route['handle']>[1],
): void {
  const below = (path: string) => `${configuration.path}${path}`;
  const protectedResource = resources.default.uri;
  const page = indexPage({
    issuer,
    protectedResource,
    usernames: accounts.usernames(),
    endpoints: [
      ...[
        ['Metadata (RFC 8414)', `/.well-known/oauth-authorization-server${configuration.path}`],
        ['Metadata (OpenID Connect)', below('/.well-known/openid-configuration')],
        ['Metadata of the protected resource', resourceMetadataPath(protectedResource)],
        ['Your account', below('/account')],
        ['Keys', below(endpointPaths.jwks)],
        ['Health', '/health'],
      ].map(([name = '', path = '']) => ({ name, path, link: true })),
      ...[
        ['Authorization', endpointPaths.authorization],
        ['Pushed authorization requests', endpointPaths.pushed_authorization_request],
        ['Token', endpointPaths.token],
        ['Device authorization', endpointPaths.device_authorization],
        ['Backchannel authentication', endpointPaths.backchannel_authentication],
        ['Registration', endpointPaths.registration],
        ['Revocation', endpointPaths.revocation],
        ['Introspection', endpointPaths.introspection],
        ['Userinfo', endpointPaths.userinfo],
        ['Logout', endpointPaths.end_session],
      ].map(([name = '', path = '']) => ({ name, path: below(path), link: false })),
    ],
  });
  sendPage(response, 200, page);
}
