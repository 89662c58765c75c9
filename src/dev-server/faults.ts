// Misbehaving on purpose, for the tests of clients: what a fault is, and answering a request with one.

import type { IncomingMessage, ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { decodeJwt, decodeProtectedHeader } from 'jose';
import { sendJson } from './respond.ts';

export type Fault = {
  /** The path of the endpoint, such as `/token`, with the issuer's path before it. */
  readonly endpoint: string;
  /** How many requests get it; 1 when left out. */
  readonly count?: number | undefined;
  /** Milliseconds to wait first. */
  readonly delay?: number | undefined;
  /** Answer with this status and `{"error":"server_error"}`; with `error`, that one's status. The server does not act. */
  readonly status?: number | undefined;
  /** Answer with this error code, such as `slow_down` or `use_dpop_nonce`. The server does not act. */
  readonly error?: string | undefined;
  /** Drop the connection before the server acts, or after it acted and before it answers. */
  readonly drop?: 'before' | 'after' | undefined;
  /** The server acts, and its answer's body becomes this. */
  readonly body?: 'html' | 'truncated' | 'huge' | 'bomb' | undefined;
  /** Members of the JSON answer, or parameters of the redirect, that become something else; null removes them. */
  readonly change?: Readonly<Record<string, unknown>> | undefined;
  /** Claims of the ID token in the answer that become something else; it is signed again. Null removes them. */
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
};

export type FaultContext = {
  /** A nonce that the endpoint takes. */
  readonly dpopNonce: (path: string) => string;
  readonly sign: (claims: object, header: object) => Promise<string>;
};

const hugeSize = 64 * 1024 * 1024;

/** Lets the server act by `act` unless the fault forbids it, and answers as the fault says. */
export async function answerWithFault(
  fault: Fault,
  context: FaultContext,
  request: IncomingMessage,
  response: ServerResponse,
  act: () => void,
): Promise<void> {
  if (fault.delay !== undefined) await sleep(fault.delay);
  if (fault.drop === 'before') {
    request.socket.destroy();
  } else if (fault.error !== undefined || fault.status !== undefined) {
    refuse(fault, context, request, response);
  } else {
    interceptAnswer(response, (answer) => changeAnswer(fault, context, answer, response));
    act();
  }
}

function refuse(
  { error, status, endpoint }: Fault,
  { dpopNonce }: FaultContext,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  const nonce = error === 'use_dpop_nonce' ? { 'DPoP-Nonce': dpopNonce(endpoint) } : {};
  const code = error ?? 'server_error';
  // A protected resource tells its errors in a challenge (RFC 9449 §9).
  const isResource = error !== undefined && request.headers.authorization !== undefined;
  const atResource = isResource && !/^basic /i.test(request.headers.authorization ?? '');
  const challenge = atResource ? { 'WWW-Authenticate': `DPoP error="${code}"` } : {};
  const usual = atResource ? 401 : 400;
  const body = { error: code, error_description: 'this fault was asked for' };
  sendJson(response, status ?? usual, body, { ...nonce, ...challenge });
}

type Answer = { readonly body: Buffer; finish(body: Buffer | string): void; removeLength(): void };

/** Holds back the whole answer and hands it to `done`. */
function interceptAnswer(response: ServerResponse, done: (answer: Answer) => Promise<void>): void {
  const { writeHead, end } = response;
  const chunks: Buffer[] = [];
  const collect = (chunk: unknown) => {
    if (typeof chunk === 'string' || chunk instanceof Uint8Array)
      chunks.push(Buffer.from(chunk as string));
  };
  response.writeHead = ((status: number, headers: Record<string, string> = {}) => {
    response.statusCode = status;
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    return response;
  }) as typeof writeHead;
  response.write = ((chunk: unknown) => {
    collect(chunk);
    return true;
  }) as typeof response.write;
  response.end = ((chunk: unknown) => {
    collect(chunk);
    response.writeHead = writeHead;
    response.end = end;
    Reflect.deleteProperty(response, 'write');
    void done({
      body: Buffer.concat(chunks),
      finish: (body) => void response.end(body),
      removeLength: () => response.removeHeader('Content-Length'),
    });
    return response;
  }) as typeof end;
}

async function changeAnswer(
  fault: Fault,
  context: FaultContext,
  answer: Answer,
  response: ServerResponse,
): Promise<void> {
  if (fault.drop === 'after') {
    response.socket?.destroy();
    return;
  }
  if (fault.body === 'truncated') {
    response.setHeader('Content-Length', answer.body.length);
    response.write(answer.body.subarray(0, Math.floor(answer.body.length / 2)), () =>
      response.socket?.destroy(),
    );
    return;
  }
  answer.removeLength();
  if (fault.body === 'html') {
    response.setHeader('Content-Type', 'text/html; charset=utf-8');
    answer.finish('<!doctype html><title>Gateway</title><h1>This is no JSON</h1>');
  } else if (fault.body === 'huge') {
    answer.finish(Buffer.alloc(hugeSize, ' '));
  } else if (fault.body === 'bomb') {
    response.setHeader('Content-Encoding', 'gzip');
    answer.finish(gzipSync(Buffer.alloc(hugeSize)));
  } else {
    changeRedirect(response, fault.change ?? {});
    answer.finish(await changeJson(fault, context, answer.body));
  }
}

function changeRedirect(response: ServerResponse, change: Readonly<Record<string, unknown>>): void {
  const location = response.getHeader('Location');
  if (typeof location !== 'string' || !URL.canParse(location)) return;
  const url = new URL(location);
  for (const [name, value] of Object.entries(change)) {
    if (value === null) url.searchParams.delete(name);
    else url.searchParams.set(name, typeof value === 'string' ? value : JSON.stringify(value));
  }
  response.setHeader('Location', url.href);
}

async function changeJson(
  { change = {}, claims }: Fault,
  { sign }: FaultContext,
  body: Buffer,
): Promise<Buffer | string> {
  const json = parse(body);
  if (json === null) return body;
  const changed = withChanges(json, change);
  const { id_token } = changed;
  if (claims !== undefined && typeof id_token === 'string') {
    changed['id_token'] = await sign(
      withChanges({ ...decodeJwt(id_token) }, claims),
      decodeProtectedHeader(id_token),
    );
  }
  return JSON.stringify(changed);
}

function withChanges(
  value: Record<string, unknown>,
  change: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const entries = Object.entries({ ...value, ...change });
  return Object.fromEntries(entries.filter(([name]) => change[name] !== null));
}

function parse(body: Buffer): Record<string, unknown> | null {
  try {
    const value = JSON.parse(body.toString()) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : null;
  } catch {
    return null;
  }
}
