// One HTTP/1.1 exchange over node:http or node:https (RFC 9112): no redirect, no decompression, no cookie, no retry.
// Not fetch: that costs a multiple of the start-up time and buffers uploads.

import http from 'node:http';
import https from 'node:https';
import { pipeline } from 'node:stream/promises';
import type { LookupFunction, TcpNetConnectOpts } from 'node:net';
import type { HttpHeaders, HttpRequest, HttpResponse, HttpTransport } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import { isLoopbackHost } from '../../loopback-host.ts';
import { startDeadline } from './http-deadline.ts';
import type { Deadline } from './http-deadline.ts';
import { translateHttpError } from './http-errors.ts';
import { wireHeaders } from './http-wire-headers.ts';

export type HttpTransportOptions = {
  /** PEM certificates to trust in place of the system's. */
  readonly ca?: string | undefined;
};

const maxHeaderBytes = 64 * 1024;
const maxHeaders = 1000;
const maxInterimResponses = 64;
// Node gives an address up instead of racing it with the next, so its own 250 ms would fail on slow links.
const addressAttemptMilliseconds = 500;

/** HTTP for real; certificates are always verified, whatever NODE_TLS_REJECT_UNAUTHORIZED says. */
export function createHttpTransport(options: HttpTransportOptions = {}): HttpTransport {
  return { send: (request) => send(request, options) };
}

async function send(request: HttpRequest, options: HttpTransportOptions): Promise<HttpResponse> {
  request.signal?.throwIfAborted();
  const outgoing = open(request, options);
  let incoming: http.IncomingMessage | undefined;
  let firstError: Error | undefined;
  // Node tells a response that breaks off only `aborted`; the request knows why.
  outgoing.on('error', (error) => (firstError ??= error));
  const deadline = startDeadline(request, (error) => (incoming ?? outgoing).destroy(error));
  const explain = (error: unknown): unknown => {
    deadline.end();
    return deadline.stopped() ?? translateHttpError(firstError ?? error, request.url);
  };
  watchConnection(outgoing, deadline);
  try {
    const response = receive(outgoing);
    sendBody(outgoing, request.body);
    incoming = await response;
    return toResponse(incoming, () => deadline.end(), explain);
  } catch (error) {
    outgoing.destroy();
    throw explain(error);
  }
}

function open(request: HttpRequest, options: HttpTransportOptions): http.ClientRequest {
  const { url } = request;
  const headers = wireHeaders(request);
  const common: http.RequestOptions &
    Pick<TcpNetConnectOpts, 'autoSelectFamily' | 'autoSelectFamilyAttemptTimeout'> = {
    method: request.method,
    hostname: url.hostname.replace(/^\[|\]$/g, ''),
    port: url.port,
    path: url.pathname + url.search,
    agent: false,
    setHost: false,
    maxHeaderSize: maxHeaderBytes,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: addressAttemptMilliseconds,
    ...(isLoopbackHost(url) === 'name' ? { lookup: lookUpLoopback } : {}),
  };
  const outgoing =
    url.protocol === 'https:'
      ? https.request({
          ...common,
          rejectUnauthorized: true,
          ...(options.ca === undefined ? {} : { ca: options.ca }),
        })
      : http.request(common);
  outgoing.maxHeadersCount = maxHeaders + 1;
  for (const name of ['connection', 'content-length', 'transfer-encoding']) {
    outgoing.removeHeader(name); // otherwise Node adds its own
  }
  for (const [name, values] of headers) outgoing.setHeader(name, values);
  return outgoing;
}

/** RFC 6761 §6.3: these names never leave the machine, whatever a resolver would say. */
const lookUpLoopback: LookupFunction = (_hostname, _options, callback) => {
  // Both addresses, as autoSelectFamily asks for them.
  process.nextTick(callback, null, [
    { address: '::1', family: 6 },
    { address: '127.0.0.1', family: 4 },
  ]);
};

function watchConnection(outgoing: http.ClientRequest, deadline: Deadline): void {
  outgoing.once('socket', (socket) => {
    socket.once('encrypted' in socket ? 'secureConnect' : 'connect', () => deadline.connected());
  });
}

function sendBody(outgoing: http.ClientRequest, body: HttpRequest['body']): void {
  if (body === undefined || body instanceof Uint8Array) {
    outgoing.end(body);
    return;
  }
  // A failure of the connection is the request's `error` event, too.
  pipeline(failingInto(body, outgoing), outgoing).catch(() => undefined);
}

/** Node ends the request without an error when the source of its body fails. */
async function* failingInto(
  body: AsyncIterable<Uint8Array>,
  outgoing: http.ClientRequest,
): AsyncGenerator<Uint8Array> {
  try {
    yield* body;
  } catch (error) {
    outgoing.destroy(error as Error);
    throw error;
  }
}

function receive(outgoing: http.ClientRequest): Promise<http.IncomingMessage> {
  return new Promise((resolve, reject) => {
    let interim = 0;
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    outgoing.once('close', () => reject(refused('closed the connection without an answer')));
    outgoing.on('information', () => {
      interim += 1;
      if (interim > maxInterimResponses) outgoing.destroy(refused('sent too many 1xx responses'));
    });
    outgoing.once('upgrade', (_response, socket) => {
      socket.destroy();
      reject(refused('switched protocols unasked'));
    });
  });
}

function refused(what: string): CliError {
  return new CliError('network', `the server ${what}`);
}

function toResponse(
  incoming: http.IncomingMessage,
  end: () => void,
  explain: (error: unknown) => unknown,
): HttpResponse {
  // An error before anybody reads the body is kept by the stream for its reader.
  incoming.on('error', () => undefined);
  const headers = headerPairs(incoming.rawHeaders);
  if (headers.length > maxHeaders) throw refused(`sent more than ${maxHeaders} headers`);
  return {
    status: incoming.statusCode ?? 0,
    statusText: incoming.statusMessage ?? '',
    httpVersion: incoming.httpVersion,
    headers,
    body: { [Symbol.asyncIterator]: () => iterateBody(incoming, end, explain) },
  };
}

function headerPairs(raw: readonly string[]): HttpHeaders {
  return Array.from({ length: raw.length / 2 }, (_, index) => [
    raw[index * 2] ?? '',
    raw[index * 2 + 1] ?? '',
  ]);
}

function iterateBody(
  incoming: http.IncomingMessage,
  end: () => void,
  explain: (error: unknown) => unknown,
): AsyncIterator<Uint8Array> {
  const chunks = incoming[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
  return {
    async next() {
      try {
        const step = await chunks.next();
        if (step.done === true) end();
        return step;
      } catch (error) {
        throw explain(error);
      }
    },
    async return() {
      end();
      incoming.destroy();
      return { done: true, value: undefined };
    },
  };
}
