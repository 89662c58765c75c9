// What is refused before anything else sees it. The library builds its endpoints from the Host header, and a page of
// another site could reach this server under a name of its own (DNS rebinding).

import type { IncomingMessage } from 'node:http';

/** True for a request that names this server, `127.0.0.1:<port>`, once and in no other spelling. */
export function isForThisServer(request: IncomingMessage, host: string): boolean {
  const hosts = request.rawHeaders.filter(
    (_value, index, headers) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === 'host',
  );
  const target = request.url ?? '';
  return hosts.length === 1 && hosts[0] === host && /^\/(?!\/)/.test(target);
}
