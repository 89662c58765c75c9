// One listener for one callback (RFC 8252 §7.3, §8.3): binds a literal address, finds the callback among
// whatever else arrives, survives all of it. Which requests qualify is in callback-request.ts.

import { createServer } from 'node:http';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

import type { Callback, LoopbackListener, LoopbackOptions } from '../../environment.ts';
import { plainAnswer, sendAnswer, sendRawAnswer, pageAnswer } from './callback-page.ts';
import { callbackQuery, refuseRequest } from './callback-request.ts';
import { bindLoopback } from './loopback-address.ts';

const limits = {
  maxHeaderSize: 16 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  // Our own check answers a missing Host with our own headers.
  requireHostHeader: false,
};
const MAX_HEADERS = 64;

/** As many connections may stay without a request; a burst above it is cut down, oldest first. */
const MAX_SILENT = 64;
/** How long a burst may last, in milliseconds: its requests may be on their way. */
const BURST = 500;

type State = {
  /** Set from `receive` on; still there when the callback has been taken. */
  waiting?: {
    readonly accept: (parameters: URLSearchParams) => boolean;
    readonly take: (callback: Callback) => void;
  };
  taken: boolean;
  refused: number;
};

/**
 * Binds the first of `addresses` (literals) that the system has, and answers every request from then on.
 * @throws CliError `usage` when the fixed port cannot be had, `network` when no address can be bound
 * @see RFC 8252 §7.3
 */
export async function startListener(
  addresses: readonly string[],
  options: LoopbackOptions,
): Promise<LoopbackListener> {
  const server = createServer(limits);
  server.maxHeadersCount = MAX_HEADERS;
  const authority = await bindLoopback(server, addresses, options.port ?? 0);
  const state: State = { taken: false, refused: 0 };
  answerAll(server, (request, response) => {
    const refusal = refuseRequest(request, authority, options.path);
    if (refusal === null) answerCallback(state, request, response, options.onRefused);
    else sendAnswer(response, refusal);
  });
  let closed: Promise<void> | undefined;
  return {
    redirectUri: `http://${authority}${options.path}`,
    receive: (accept, signal) => receive(state, accept, signal),
    close() {
      closed ??= new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      });
      return closed;
    },
  };
}

/** Hands over the first request of each connection; what is pipelined behind it is never looked at. */
function answerAll(
  server: Server,
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): void {
  const silent = watchConnections(server);
  const answerFirst = (request: IncomingMessage, response: ServerResponse) => {
    if (silent.delete(request.socket)) answer(request, response);
  };
  server.on('request', answerFirst);
  server.on('checkContinue', answerFirst);
  server.on('checkExpectation', answerFirst);
  server.on('connect', (_request, socket: Socket) => {
    // node:http no longer looks after this socket.
    socket.on('error', () => socket.destroy());
    if (silent.delete(socket)) sendRawAnswer(socket, plainAnswer(405, { Allow: 'GET' }));
    else socket.destroy();
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // A connection whose first request was understood gets the answer to that one, and no other.
    if (silent.delete(socket)) sendRawAnswer(socket, plainAnswer(statusOf(error)));
  });
}

/** The connections that have not delivered a request, oldest first, kept from piling up. */
function watchConnections(server: Server): Set<Socket> {
  const silent = new Set<Socket>();
  let pending: NodeJS.Timeout | undefined;
  const evict = () => {
    pending = undefined;
    for (const socket of silent) {
      if (silent.size <= MAX_SILENT) return;
      silent.delete(socket);
      socket.destroy();
    }
  };
  // Not `maxConnections`: it drops the newest, and the callback is always newer than what blocks it.
  server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    if (silent.size > MAX_SILENT) pending ??= setTimeout(evict, BURST).unref();
  });
  server.on('close', () => clearTimeout(pending));
  return silent;
}

function statusOf(error: NodeJS.ErrnoException): number {
  if (error.code === 'HPE_HEADER_OVERFLOW') return 431;
  if (error.code === 'ERR_HTTP_REQUEST_TIMEOUT') return 408;
  return 400;
}

function answerCallback(
  state: State,
  request: IncomingMessage,
  response: ServerResponse,
  onRefused: LoopbackOptions['onRefused'],
): void {
  const parameters = callbackQuery(request);
  if (state.waiting === undefined) {
    // Before `receive` nobody has been told the redirect URI; after its end nothing is expected.
    sendAnswer(response, plainAnswer(503));
  } else if (!state.waiting.accept(parameters)) {
    sendAnswer(response, pageAnswer('refused'));
    state.refused += 1;
    onRefused?.(state.refused);
  } else if (state.taken) {
    sendAnswer(response, pageAnswer('already_used'));
  } else {
    state.taken = true;
    state.waiting.take(callbackOf(parameters, request.socket, response));
  }
}

function callbackOf(parameters: URLSearchParams, socket: Socket, response: ServerResponse) {
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  const callback: Callback = {
    parameters,
    async respond(outcome) {
      if (!response.writableEnded && !socket.destroyed) sendAnswer(response, pageAnswer(outcome));
      await gone;
    },
  };
  return callback;
}

function receive(
  state: State,
  accept: (parameters: URLSearchParams) => boolean,
  signal: AbortSignal,
): Promise<Callback> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      delete state.waiting;
      reject(signal.reason as Error);
    };
    const take = (callback: Callback) => {
      signal.removeEventListener('abort', abort);
      resolve(callback);
    };
    state.waiting = { accept, take };
    signal.addEventListener('abort', abort, { once: true });
    if (signal.aborted) abort();
  });
}
