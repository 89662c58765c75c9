// Client authentication as a server sees it.

import { afterEach, describe, expect, it } from 'vitest';
import { discoverAuthorizationServer } from '../../../src/oauth/authorization-server.ts';
import type { Client } from '../../../src/oauth/client.ts';
import { createProtocolFetch } from '../../../src/oauth/protocol-fetch.ts';
import { revokeToken } from '../../../src/oauth/revocation.ts';
import { requestTokensByRefresh } from '../../../src/oauth/token-request.ts';
import { basicCredentials } from '../../support/authorization-server.ts';
import { testEnvironment } from '../../support/environment.ts';
import { serverPool } from '../../support/logged-in.ts';

const pool = serverPool();
afterEach(() => pool.close());

/** The token request and the revocation request that the server received. */
async function requestsOf(client: Client) {
  const server = await pool.start({ token: ({ id_token: _, ...response }) => response });
  const protocolFetch = createProtocolFetch(testEnvironment(), 'oauth-cli/0');
  const metadata = await discoverAuthorizationServer(protocolFetch, server.issuer);
  await requestTokensByRefresh(protocolFetch, metadata, client, 'refresh', []);
  await revokeToken(protocolFetch, metadata, client, 'refresh', 'refresh_token');
  return server.requests.filter(({ method }) => method === 'POST');
}

const secrets = [
  'plain',
  'with:colon',
  '100%',
  'a+b c',
  'ümläut €',
  '%41%20',
  '=&?#/',
  '-._~!*\'()"',
  '🙂',
];

describe('client_secret_basic', () => {
  it.each(secrets)('AUTHZ-22: form-encodes id and secret before base64: %j', async (secret) => {
    const requests = await requestsOf({
      clientId: `id ${secret}`,
      clientSecret: secret,
      authentication: 'client_secret_basic',
    });
    expect(requests).toHaveLength(2);
    for (const request of requests) {
      expect(basicCredentials(request)).toEqual([`id ${secret}`, secret]);
      expect(request.body.has('client_secret')).toBe(false);
      expect(request.body.has('client_id')).toBe(false);
    }
  });
});

describe('client_secret_post', () => {
  it.each(secrets)('AUTHZ-22: sends the secret in the body, and no header: %j', async (secret) => {
    const requests = await requestsOf({
      clientId: 'id',
      clientSecret: secret,
      authentication: 'client_secret_post',
    });
    for (const { body, headers } of requests) {
      expect(body.getAll('client_id')).toEqual(['id']);
      expect(body.getAll('client_secret')).toEqual([secret]);
      expect(headers.authorization).toBeUndefined();
    }
  });
});

describe('every method', () => {
  it.each(['none', 'client_secret_basic', 'client_secret_post'] as const)(
    'AUTHZ-23: %s puts no secret and no token into a URL',
    async (authentication) => {
      const clientSecret = authentication === 'none' ? undefined : 'canary';
      const requests = await requestsOf({ clientId: 'id', clientSecret, authentication });
      expect(requests.map(({ path }) => path)).toEqual(['/token', '/revoke']);
    },
  );

  it('AUTHZ-22: none sends the client id alone, also when there is a secret', async () => {
    const requests = await requestsOf({
      clientId: 'id',
      clientSecret: 'canary',
      authentication: 'none',
    });
    for (const { body, headers, text } of requests) {
      expect(body.getAll('client_id')).toEqual(['id']);
      expect(text + String(headers.authorization)).not.toContain('canary');
    }
  });

  it.each(['client_secret_basic', 'client_secret_post'] as const)(
    '%s needs a secret, and nothing is sent without one',
    async (authentication) => {
      const server = await pool.start();
      const environment = testEnvironment();
      const protocolFetch = createProtocolFetch(environment, 'oauth-cli/0');
      const metadata = await discoverAuthorizationServer(protocolFetch, server.issuer);
      const client = { clientId: 'id', authentication };
      await expect(
        requestTokensByRefresh(protocolFetch, metadata, client, 'refresh', []),
      ).rejects.toMatchObject({ code: 'usage' });
      expect(server.requests.filter(({ method }) => method === 'POST')).toEqual([]);
    },
  );
});
