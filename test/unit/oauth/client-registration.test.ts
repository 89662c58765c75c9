// What a registration response may look like.

import { afterEach, describe, expect, it } from 'vitest';
import { discoverAuthorizationServer } from '../../../src/oauth/authorization-server.ts';
import { registerClient } from '../../../src/oauth/client-registration.ts';
import { createProtocolFetch } from '../../../src/oauth/protocol-fetch.ts';
import type { Script } from '../../support/authorization-server.ts';
import { testEnvironment } from '../../support/environment.ts';
import { serverPool } from '../../support/logged-in.ts';

const pool = serverPool();
afterEach(() => pool.close());

async function register(script: Script) {
  const server = await pool.start(script);
  const protocolFetch = createProtocolFetch(testEnvironment(), 'oauth-cli/0');
  const metadata = await discoverAuthorizationServer(protocolFetch, server.issuer);
  return registerClient(protocolFetch, metadata, {
    redirectUri: 'http://127.0.0.1/cb/x',
    scope: 'openid',
  });
}

describe('a registration', () => {
  type Json = Record<string, unknown>;
  const refused: [title: string, bend: (response: Json) => unknown][] = [
    ['REG-01: no client_id', ({ client_id: _, ...rest }) => rest],
    ['REG-01: an empty client_id', (response) => ({ ...response, client_id: '' })],
    ['REG-01: a client_id that is a number', (response) => ({ ...response, client_id: 7 })],
    ['REG-01: an array', () => []],
    ['REG-01: null', () => null],
    ['REG-03: other redirect URIs', (response) => ({ ...response, redirect_uris: ['https://x'] })],
    ['REG-03: redirect URIs that are text', (response) => ({ ...response, redirect_uris: 'x' })],
    [
      'REG-03: an unknown authentication method',
      (response) => ({ ...response, token_endpoint_auth_method: 'magic' }),
    ],
    ['a secret that is a number', (response) => ({ ...response, client_secret: 7 })],
    ['an empty secret', (response) => ({ ...response, client_secret: '' })],
    [
      'a registration access token that is an object',
      (response) => ({ ...response, registration_access_token: {} }),
    ],
  ];

  it.each(refused)('%s is refused', async (_title, registration) => {
    await expect(register({ registration })).rejects.toMatchObject({ code: 'protocol_violation' });
  });

  it.each([202, 204, 302])('REG-01: the status %i is refused', async (registrationStatus) => {
    await expect(register({ registrationStatus })).rejects.toMatchObject({
      code: expect.stringMatching(/^(protocol_violation|oauth_error)$/) as string,
    });
  });

  it('REG-01: 200 is taken for 201, as deployed servers answer', async () => {
    const { client } = await register({ registrationStatus: 200 });
    expect(client).toMatchObject({ authentication: 'none' });
  });

  it('REG-03: what the server returned is what counts', async () => {
    const registration = await register({
      registration: (response) => ({
        ...response,
        client_id: 'theirs',
        client_secret: 's',
        client_secret_expires_at: 4_102_444_800,
        token_endpoint_auth_method: 'client_secret_post',
        id_token_signed_response_alg: 'ES256',
        registration_access_token: 'rat',
        registration_client_uri: 'https://as.example/register/theirs',
      }),
    });
    expect(registration).toMatchObject({
      client: {
        clientId: 'theirs',
        clientSecret: 's',
        authentication: 'client_secret_post',
        idTokenSignedResponseAlg: 'ES256',
      },
      clientSecretExpiresAt: 4_102_444_800,
      registrationAccessToken: 'rat',
      registrationClientUri: 'https://as.example/register/theirs',
    });
  });

  it.each([undefined, 0, '0', -1, null])(
    'REG-02: client_secret_expires_at %j with a secret is no known end',
    async (value) => {
      const { clientSecretExpiresAt } = await register({
        registration: (response) => ({
          ...response,
          client_secret: 's',
          client_secret_expires_at: value,
        }),
      });
      expect(clientSecretExpiresAt).toBeUndefined();
    },
  );

  it.each([
    ['client_secret_basic', 's'],
    ['none', undefined],
  ])('RFC 7591 §2: without a method named it is %s with the secret %j', async (method, secret) => {
    const { client } = await register({
      registration: ({ token_endpoint_auth_method: _, ...response }) => ({
        ...response,
        ...(secret === undefined ? {} : { client_secret: secret }),
      }),
    });
    expect(client.authentication).toBe(method);
  });
});
