// A TCP or TLS server that answers every connection with given bytes, or with whatever a function does to the socket.

import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

export type ByteServer = {
  readonly port: number;
  readonly origin: string;
  /** What each connection received, as Latin-1. */
  readonly received: string[];
  /** Connections that are still open. */
  readonly open: ReadonlySet<net.Socket>;
  close(): Promise<void>;
};

export type Answer = string | Uint8Array | ((socket: net.Socket) => void);

/** Listens on 127.0.0.1; answers once the head of a request is complete. Text ends the connection, a function need not. */
export async function startByteServer(
  answer: Answer,
  credentials?: { key: string; cert: string },
): Promise<ByteServer> {
  const received: string[] = [];
  const open = new Set<net.Socket>();
  const serve = (socket: net.Socket): void => {
    const index = received.push('') - 1;
    let answered = false;
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.on('data', (data) => {
      received[index] = (received[index] ?? '') + data.toString('latin1');
      if (answered || !received[index].includes('\r\n\r\n')) return;
      answered = true;
      if (typeof answer === 'function') answer(socket);
      else socket.end(answer);
    });
  };
  const server =
    credentials === undefined ? net.createServer(serve) : tls.createServer(credentials, serve);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as net.AddressInfo;
  return {
    port,
    origin: `${credentials === undefined ? 'http' : 'https'}://127.0.0.1:${port}`,
    received,
    open,
    async close() {
      for (const socket of open) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** A response with a Content-Length. */
export function httpResponse(
  body: string | Uint8Array,
  headers: Record<string, string> = {},
  status = '200 OK',
): Buffer {
  const bytes = Buffer.from(body);
  const lines = Object.entries({ 'Content-Length': String(bytes.length), ...headers });
  const head = lines.map(([name, value]) => `${name}: ${value}\r\n`).join('');
  return Buffer.concat([Buffer.from(`HTTP/1.1 ${status}\r\n${head}\r\n`, 'latin1'), bytes]);
}
