// HTTP as bytes on a socket: for requests that no client would send, and answers as they came.

import { once } from 'node:events';
import { connect } from 'node:net';
import type { Socket } from 'node:net';

export type RawAnswer = {
  /** 0 when the connection ended without an answer. */
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
  /** Every byte that came. */
  readonly text: string;
};

/** A connection to the authority of `url`; its errors end in `close`. */
export async function openSocket(url: string): Promise<Socket> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname.replace(/^\[|\]$/g, ''));
  await once(socket, 'connect');
  socket.on('error', () => socket.destroy());
  return socket;
}

/** Sends `bytes` as they are to the authority of `url` and collects until the connection ends. */
export async function exchange(url: string, bytes: string | Uint8Array): Promise<RawAnswer> {
  const socket = await openSocket(url);
  const answer = readAnswer(socket);
  socket.write(bytes);
  return answer;
}

/** What the peer sends on `socket` until the connection ends. */
export function readAnswer(socket: Socket): Promise<RawAnswer> {
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk));
  return new Promise((resolve) => socket.once('close', () => resolve(parse(text))));
}

/** A GET as a browser that follows a redirect to `url` sends it; `head` replaces or adds header lines. */
export function get(url: string, head: Readonly<Record<string, string>> = {}): string {
  const { host, pathname, search } = new URL(url);
  const lines = Object.entries({ Host: host, ...head }).map(([name, value]) => `${name}: ${value}`);
  return [`GET ${pathname}${search} HTTP/1.1`, ...lines, '', ''].join('\r\n');
}

function parse(text: string): RawAnswer {
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = lines.map((line): [string, string] => {
    const colon = line.indexOf(':');
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  });
  const status = Number(statusLine.split(' ')[1] ?? 0);
  return { status, headers: new Map(headers), body: rest.join('\r\n\r\n'), text };
}
