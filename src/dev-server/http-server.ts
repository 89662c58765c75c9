// The listening socket: 127.0.0.1 and nothing else.

import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { DevServerError } from './dev-server-error.ts';

/** @throws DevServerError */
export async function listen(port: number): Promise<{ server: Server; port: number }> {
  const server = createServer();
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(translate(error, port)));
    server.listen({ host: '127.0.0.1', port }, resolve);
  });
  return { server, port: (server.address() as AddressInfo).port };
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
