// Binds a literal loopback address and no other (RFC 8252 §7.3, §8.3).

import { once } from 'node:events';
import type { Server } from 'node:net';

import { CliError } from '../../errors.ts';

/**
 * Binds the first of `addresses` (literals) that the system has; gives the URL authority, `127.0.0.1:<port>`.
 * @throws CliError `usage` when the fixed port cannot be had, `network` when no address can be bound
 */
export async function bindLoopback(
  server: Server,
  addresses: readonly string[],
  port: number,
): Promise<string> {
  const [address, ...others] = addresses;
  if (address === undefined) throw new CliError('network', 'this system has no loopback address');
  try {
    // Without SO_REUSEPORT anywhere, and not shared with a cluster: nobody else can bind the same.
    server.listen({ host: address, port, exclusive: true });
    await once(server, 'listening');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'EADDRNOTAVAIL' || code === 'EAFNOSUPPORT')
      return bindLoopback(server, others, port);
    throw bindError(error, code, address, port);
  }
  const bound = server.address();
  if (bound === null || typeof bound === 'string') throw new Error('a TCP server has an address');
  return `${address.includes(':') ? `[${address}]` : address}:${bound.port}`;
}

function bindError(cause: unknown, code: string | undefined, address: string, port: number) {
  if (code === 'EADDRINUSE') {
    const hint = 'choose another port, or none: then any free one is taken';
    return new CliError('usage', `port ${port} of ${address} is in use`, { hint, cause });
  }
  if (code === 'EACCES') {
    const hint = 'choose a port above 1023, or none: then any free one is taken';
    return new CliError('usage', `no permission to listen on port ${port}`, { hint, cause });
  }
  return new CliError('network', `cannot listen on ${address} (${code ?? 'unknown'})`, { cause });
}
