// Which request goes where: the guard first, then our own routes, then the library.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Provider } from 'oidc-provider';
import type { AccessTokens } from './access-tokens.ts';
import type { Accounts } from './accounts.ts';
import { createInteractionHandler } from './interactions.ts';
import { indexPage } from './pages/index-page.ts';
import { sendPage } from './pages/page.ts';
import {
  createProtectedResourceHandler,
  protectedResourcePath,
  resourceMetadata,
  resourceMetadataPath,
} from './protected-resource.ts';
import { endpointPaths } from './provider-configuration.ts';
import { isForThisServer } from './request-guard.ts';
import { sendJson } from './respond.ts';

export type RequestListenerOptions = {
  readonly issuer: string;
  readonly protectedResource: string;
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly accessTokens: AccessTokens;
  readonly csrfKey: Buffer;
  readonly log: (line: string) => void;
};

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
type Route = { readonly methods: readonly string[]; readonly handle: Handler };

const endpoints = [
  {
    name: 'Metadata (RFC 8414)',
    path: '/.well-known/oauth-authorization-server',
    link: true,
  },
  {
    name: 'Metadata (OpenID Connect)',
    path: '/.well-known/openid-configuration',
    link: true,
  },
  { name: 'Metadata of the protected resource', path: resourceMetadataPath, link: true },
  { name: 'Keys', path: endpointPaths.jwks, link: true },
  { name: 'Authorization', path: endpointPaths.authorization, link: false },
  { name: 'Token', path: endpointPaths.token, link: false },
  { name: 'Registration', path: endpointPaths.registration, link: false },
  { name: 'Revocation', path: endpointPaths.revocation, link: false },
  { name: 'Introspection', path: endpointPaths.introspection, link: false },
  { name: 'Userinfo', path: endpointPaths.userinfo, link: false },
  { name: 'Health', path: '/health', link: true },
];

export function createRequestListener(options: RequestListenerOptions): RequestListener {
  const { issuer, provider, log } = options;
  const { host } = new URL(issuer);
  const findRoute = createRouter(options);
  const answerByLibrary: Handler = provider.callback();

  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    response.on('finish', () => log(`${request.method ?? ''} ${path} ${response.statusCode}`));
    if (!isForThisServer(request, host)) {
      const message = `This server answers as ${host} only.`;
      sendJson(response, 421, { error: 'misdirected_request', message });
      return;
    }
    const route = findRoute(path);
    if (route !== undefined && !route.methods.includes(request.method ?? '')) {
      const allowed = route.methods.join(', ');
      const message = `This address takes ${allowed}.`;
      sendJson(response, 405, { error: 'method_not_allowed', message }, { Allow: allowed });
      return;
    }
    const handle = route?.handle ?? answerByLibrary;
    handle(request, response).catch((error: unknown) => {
      log(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (!response.headersSent) sendJson(response, 500, { error: 'server_error' });
    });
  };
}

function createRouter(options: RequestListenerOptions): (path: string) => Route | undefined {
  const { issuer, accessTokens } = options;
  const readOnly = ['GET', 'HEAD'];
  const metadata = resourceMetadata(issuer);
  const routes = new Map<string, Route>([
    ['/', { methods: readOnly, handle: async (_, response) => sendIndex(options, response) }],
    [
      '/health',
      {
        methods: readOnly,
        handle: async (_, response) => sendJson(response, 200, { status: 'ok' }),
      },
    ],
    [
      protectedResourcePath,
      { methods: readOnly, handle: createProtectedResourceHandler(issuer, accessTokens) },
    ],
    [
      resourceMetadataPath,
      { methods: readOnly, handle: async (_, response) => sendJson(response, 200, metadata) },
    ],
  ]);
  const interaction: Route = {
    methods: [...readOnly, 'POST'],
    handle: createInteractionHandler(options),
  };
  return (path) => routes.get(path) ?? (path.startsWith('/interaction/') ? interaction : undefined);
}

function sendIndex(options: RequestListenerOptions, response: ServerResponse): void {
  const { issuer, protectedResource, accounts } = options;
  const usernames = accounts.usernames();
  sendPage(response, 200, indexPage({ issuer, protectedResource, endpoints, usernames }));
}
