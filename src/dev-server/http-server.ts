// The listening socket: 127.0.0.1 and nothing else.

import { createServer, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { DevServerError } from './dev-server-error.ts';
import type { TlsCredentials } from './self-signed-certificate.ts';

/** @throws DevServerError */
export async function listen(
  port: number,
  tls: TlsCredentials | null,
): Promise<{ server: Server; port: number }> {
  const server = tls === null ? createServer() : createWithTls(tls);
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(translate(error, port)));
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
}

/** Asks for a client certificate and takes any: what it is worth, the client's metadata says (RFC 8705). */
function createWithTls(tls: TlsCredentials): Server {
  try {
    return createTlsServer({ ...tls, requestCert: true, rejectUnauthorized: false });
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    const message = `the TLS certificate or its key is not usable (${code})`;
    throw new DevServerError('configuration', message, { cause });
  }
}

/** Ends at once, with whatever connections are open. */
export async function close(server: Server): Promise<void> {
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
    server.closeAllConnections();
  });
}

function translate(error: NodeJS.ErrnoException, port: number): Error {
  const cause = { cause: error };
  if (error.code === 'EADDRINUSE') {
    return new DevServerError('port_in_use', `port ${port} is in use`, cause);
  }
  if (error.code === 'EACCES') {
    return new DevServerError('port_forbidden', `port ${port} may not be used`, cause);
  }
  return error;
}
