// Fetching the authorization server's JWK Set (RFC 7517 §5, RFC 8414 §2 `jwks_uri`).

import { CliError } from '../errors.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { requireEndpoint } from './authorization-server.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

/**
 * The JWK Set as it came, parsed; src/jwt decides which of its keys are good.
 * @throws CliError `protocol_violation`, `network`, `timeout`
 */
export async function fetchJwkSet(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
): Promise<unknown> {
  const url = requireEndpoint(server, 'jwks_uri');
  const response = await protocolFetch(url.href, {
    method: 'GET',
    headers: { accept: 'application/json, application/jwk-set+json' },
    redirect: 'manual',
  });
  if (response.status !== 200) {
    throw new CliError(
      'protocol_violation',
      `the JWK Set at ${url.href} answered with status ${response.status}`,
    );
  }
  return response.json();
}
