// Which request goes where: the guard first, then our own routes, then the library of the issuer that is meant.

import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import type { Issuer } from './issuer.ts';
import { createIssuerRoutes } from './issuer-routes.ts';
import { isForThisServer } from './request-guard.ts';
import { sendJson } from './respond.ts';

export type RequestListenerOptions = {
  readonly origin: string;
  readonly issuers: readonly Issuer[];
  /** Null unless the control API was asked for. */
  readonly control: Handler | null;
  readonly log: (line: string) => void;
};

export type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;
export type Route = { readonly methods: readonly string[]; readonly handle: Handler };
export type Routes = ReadonlyMap<string, Route>;

export function createRequestListener(options: RequestListenerOptions): RequestListener {
  const { origin, issuers, control, log } = options;
  const { host } = new URL(origin);
  const routes: Routes = new Map([
    ['/health', { methods: ['GET', 'HEAD'], handle: health }],
    ...issuers.flatMap((issuer) => [...createIssuerRoutes(issuer)]),
  ]);
  const answerByLibrary = createLibraryHandler(issuers);

  return (request, response) => {
    const path = (request.url ?? '').split('?', 1)[0] ?? '';
    response.on('finish', () => log(`${request.method ?? ''} ${path} ${response.statusCode}`));
    if (!isForThisServer(request, host)) {
      const message = `This server answers as ${host} only.`;
      sendJson(response, 421, { error: 'misdirected_request', message });
      return;
    }
    const route =
      routes.get(path) ?? routes.get(path.replace(/\/interaction\/[^/]+$/, '/interaction/'));
    if (route !== undefined && !route.methods.includes(request.method ?? '')) {
      const allowed = route.methods.join(', ');
      const message = `This address takes ${allowed}.`;
      sendJson(response, 405, { error: 'method_not_allowed', message }, { Allow: allowed });
      return;
    }
    const isControl = control !== null && path.startsWith('/control/');
    const handle = isControl ? control : (route?.handle ?? answerByLibrary);
    handle(request, response).catch((error: unknown) => {
      log(`error: ${error instanceof Error ? (error.stack ?? error.message) : String(error)}`);
      if (!response.headersSent) sendJson(response, 500, { error: 'server_error' });
    });
  };
}

const health: Handler = async (_, response) => sendJson(response, 200, { status: 'ok' });

/** Mounts each issuer's library under its path; the longest path that fits wins. */
function createLibraryHandler(issuers: readonly Issuer[]): Handler {
  const mounts = issuers
    .map(({ configuration, provider }) => ({
      path: configuration.path,
      answer: provider.callback(),
    }))
    .sort((one, other) => other.path.length - one.path.length);

  return async (request, response) => {
    const url = withIssuerPathFirst(request.url ?? '');
    const mount = mounts.find(
      ({ path }) => url === path || (/^[/?]/.test(url.slice(path.length)) && url.startsWith(path)),
    );
    if (mount === undefined) {
      sendJson(response, 404, { error: 'not_found', message: 'No issuer has this address.' });
      return;
    }
    if (mount.path !== '') {
      request.url = url.slice(mount.path.length);
      (request as IncomingMessage & { originalUrl?: string }).originalUrl = url;
    }
    await mount.answer(request, response);
  };
}

/** RFC 8414 §3.1 puts the well-known part before the issuer's path, OpenID Connect Discovery puts it behind. */
function withIssuerPathFirst(url: string): string {
  const wellKnown =
    /^(\/\.well-known\/(?:oauth-authorization-server|openid-configuration))(\/[^?]+)/;
  return url.replace(wellKnown, '$2$1');
}
