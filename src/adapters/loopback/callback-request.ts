// Which requests to the loopback listener may be a callback, from their head alone (RFC 8252 §7.3, §8.10).

import type { IncomingMessage } from 'node:http';

import { plainAnswer } from './callback-page.ts';
import type { Answer } from './callback-page.ts';

/**
 * The answer to a request that cannot be the callback; null for one that may be.
 * `authority` is `127.0.0.1:<port>` or `[::1]:<port>`, `path` the redirect URI's path.
 */
export function refuseRequest(
  request: IncomingMessage,
  authority: string,
  path: string,
): Answer | null {
  const target = request.url ?? '';
  if (!target.startsWith('/')) return plainAnswer(400);
  const hosts = headerValues(request, 'host');
  if (hosts.length !== 1) return plainAnswer(400);
  if (hosts[0] !== authority) return plainAnswer(421);
  if (pathOf(target) !== path) return plainAnswer(404);
  if (request.method !== 'GET') return plainAnswer(405, { Allow: 'GET' });
  if (hasBody(request)) return plainAnswer(413);
  if (!isTopLevelNavigation(request)) return plainAnswer(400);
  return null;
}

/** The parameters in the request target's query. */
export function callbackQuery(request: IncomingMessage): URLSearchParams {
  const target = request.url ?? '';
  return new URLSearchParams(target.slice(pathOf(target).length));
}

/** All values of a header, where node:http keeps the first only. */
function headerValues(request: IncomingMessage, name: string): string[] {
  const raw = request.rawHeaders;
  return raw.filter((_, index) => index % 2 === 1 && raw[index - 1]?.toLowerCase() === name);
}

function pathOf(target: string): string {
  const query = target.indexOf('?');
  return query === -1 ? target : target.slice(0, query);
}

function hasBody(request: IncomingMessage): boolean {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  return encoding !== undefined || (length !== undefined && Number(length) !== 0);
}

/** Browsers that send Fetch Metadata say so themselves; a navigation by GET never has an Origin. */
function isTopLevelNavigation(request: IncomingMessage): boolean {
  const { 'sec-fetch-mode': mode, 'sec-fetch-dest': destination, origin } = request.headers;
  return (
    (mode ?? 'navigate') === 'navigate' &&
    (destination ?? 'document') === 'document' &&
    origin === undefined
  );
}
