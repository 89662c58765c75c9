// The loopback interface redirection of RFC 8252 §7.3; what listens is in loopback-listener.ts.

import type { Loopback } from '../../environment.ts';

/** Tries `addresses` (literals) in turn; the next one only where the system does not have the one before. */
export function createLoopback(addresses: readonly string[] = ['127.0.0.1', '::1']): Loopback {
  return {
    async listen(options) {
      // Only a login needs node:http: every other command starts without it.
      const { startListener } = await import('./loopback-listener.ts');
      return startListener(addresses, options);
    },
  };
}
