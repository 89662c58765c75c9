// The authorization server's protocol, driven by independent clients: oauth4webapi, openid-client and plain HTTP.

import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import {
  authorizationUrl,
  authorize,
  basic,
  bearer,
  codeGrant,
  logIn,
  pkce,
  redirectUri,
  refreshGrant,
  register,
  token,
} from '../unit/dev-server/independent-client.ts';

let server: DevServer;
let issuer: string;

beforeAll(async () => {
  server = await startDevServer({ autoApprove: 'bob' });
  issuer = server.issuer;
});
afterAll(async () => server.close());
afterEach(() => void vi.useRealTimers());

// eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated to stand out; plain http on loopback is its use
const insecure = { [oauth.allowInsecureRequests]: true };

describe('independent clients', () => {
  it('DEVAS-14: oauth4webapi discovers, registers, logs in, refreshes, introspects and revokes', async () => {
    const url = new URL(issuer);
    const as = await oauth.processDiscoveryResponse(
      url,
      await oauth.discoveryRequest(url, { algorithm: 'oauth2', ...insecure }),
    );
    const client = await oauth.processDynamicClientRegistrationResponse(
      await oauth.dynamicClientRegistrationRequest(
        as,
        { redirect_uris: [redirectUri], application_type: 'native' },
        insecure,
      ),
    );
    const authentication = oauth.ClientSecretBasic(client['client_secret'] as string);
    const { verifier, challenge } = pkce();
    const location = await fetch(
      authorizationUrl(issuer, client.client_id, { code_challenge: challenge, nonce: 'n-1' }),
      { redirect: 'manual' },
    ).then((response) => new URL(response.headers.get('location')!));
    const callback = oauth.validateAuthResponse(as, client, location, 'the-state');
    const tokens = await oauth.processAuthorizationCodeResponse(
      as,
      client,
      await oauth.authorizationCodeGrantRequest(
        as,
        client,
        authentication,
        callback,
        redirectUri,
        verifier,
        insecure,
      ),
      { expectedNonce: 'n-1', requireIdToken: true },
    );
    const validated = await oauth.validateJwtAccessToken(
      as,
      new Request(server.protectedResource, bearer(tokens.access_token)),
      server.protectedResource,
      insecure,
    );
    expect(validated).toMatchObject({ sub: 'bob', client_id: client.client_id });
    const userinfo = await oauth.processUserInfoResponse(
      as,
      client,
      'bob',
      await oauth.userInfoRequest(as, client, tokens.access_token, insecure),
    );
    expect(userinfo).toMatchObject({ sub: 'bob', email: 'bob@example.com' });

    const refreshed = await oauth.processRefreshTokenResponse(
      as,
      client,
      await oauth.refreshTokenGrantRequest(
        as,
        client,
        authentication,
        tokens.refresh_token!,
        insecure,
      ),
    );
    expect(refreshed.refresh_token).not.toBe(tokens.refresh_token);
    const introspect = async () =>
      oauth.processIntrospectionResponse(
        as,
        client,
        await oauth.introspectionRequest(
          as,
          client,
          authentication,
          refreshed.access_token,
          insecure,
        ),
      );
    expect(await introspect()).toMatchObject({ active: true, sub: 'bob' });
    await oauth.processRevocationResponse(
      await oauth.revocationRequest(as, client, authentication, refreshed.access_token, insecure),
    );
    expect(await introspect()).toEqual({ active: false });
  });

  it('DEVAS-14: openid-client discovers, registers and gets tokens for itself with client credentials', async () => {
    const configuration = await openid.dynamicClientRegistration(
      new URL(issuer),
      {
        grant_types: ['client_credentials'],
        response_types: [],
        redirect_uris: [],
        id_token_signed_response_alg: 'ES256',
      },
      undefined,
      // eslint-disable-next-line @typescript-eslint/no-deprecated -- as above
      { execute: [openid.allowInsecureRequests] },
    );
    const tokens = await openid.clientCredentialsGrant(configuration, { scope: 'read' });
    const response = await fetch(server.protectedResource, bearer(tokens.access_token));
    expect(response.status).toBe(200);
    expect(await response.json()).toMatchObject({
      message: 'Hello, authenticated user!',
      client_id: configuration.clientMetadata().client_id,
      scope: 'read',
    });
  });

  it('manages a registration: read, update with a new registration access token, delete', async () => {
    const client = await register(issuer);
    const manage = async (accessToken: string, init: RequestInit = {}) =>
      fetch(client['registration_client_uri']!, {
        ...init,
        headers: { ...bearer(accessToken).headers, 'Content-Type': 'application/json' },
      });
    const first = client['registration_access_token']!;
    expect(await (await manage(first)).json()).toMatchObject({ client_id: client.client_id });
    const update = {
      client_id: client.client_id,
      client_name: 'Renamed',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
    };
    const updated = await manage(first, { method: 'PUT', body: JSON.stringify(update) });
    const { client_name, registration_access_token: second } = (await updated.json()) as {
      client_name: string;
      registration_access_token: string;
    };
    expect(client_name).toBe('Renamed');
    expect((await manage(first)).status).toBe(401);
    const { access_token } = await logIn(issuer, client.client_id);
    expect((await manage(second, { method: 'DELETE' })).status).toBe(204);
    expect((await manage(second)).status).toBe(401);
    const response = await fetch(server.protectedResource, bearer(access_token));
    expect(response.headers.get('www-authenticate')).toContain(
      'its client does not exist any more',
    );
  });
});

describe('metadata', () => {
  it.each(['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration'])(
    'DEVAS-06, DEVAS-12: %s announces iss, S256 only, and that this is for development only',
    async (path) => {
      const metadata = await (await fetch(issuer + path)).json();
      expect(metadata).toMatchObject({
        issuer,
        authorization_response_iss_parameter_supported: true,
        code_challenge_methods_supported: ['S256'],
        token_endpoint: `${issuer}/token`,
        registration_endpoint: `${issuer}/register`,
        revocation_endpoint: `${issuer}/revoke`,
        introspection_endpoint: `${issuer}/introspect`,
        userinfo_endpoint: `${issuer}/userinfo`,
        development_only: expect.stringContaining('development only'),
      });
    },
  );
});

describe('redirect URIs', () => {
  it.each([
    ['another port on 127.0.0.1', 'http://127.0.0.1/callback', 'http://127.0.0.1:61000/callback'],
    ['another port on [::1]', 'http://[::1]:1/callback', 'http://[::1]:61000/callback'],
    ['the same', 'http://localhost:8080/cb?a=b', 'http://localhost:8080/cb?a=b'],
    ['the same', 'com.example.app:/callback', 'com.example.app:/callback'],
  ])('DEVAS-02: accepts %s (registered %s, requested %s)', async (_, registered, requested) => {
    const client = await register(issuer, { redirect_uris: [registered] });
    const response = await authorize(issuer, client.client_id, { redirect_uri: requested });
    expect(response.get('code')).toMatch(/./);
  });

  it.each([
    ['localhost for 127.0.0.1', 'http://127.0.0.1/callback', 'http://localhost/callback'],
    ['127.0.0.1 for localhost', 'http://localhost/callback', 'http://127.0.0.1/callback'],
    ['another port on localhost', 'http://localhost/callback', 'http://localhost:8080/callback'],
    ['[::1] for 127.0.0.1', 'http://127.0.0.1/callback', 'http://[::1]/callback'],
    ['another path', 'http://127.0.0.1/callback', 'http://127.0.0.1/callback/'],
    ['another case', 'http://127.0.0.1/callback', 'http://127.0.0.1/Callback'],
    ['an encoded path', 'http://127.0.0.1/callback', 'http://127.0.0.1/%63allback'],
    ['a query', 'http://127.0.0.1/callback', 'http://127.0.0.1/callback?x'],
    ['a userinfo', 'http://127.0.0.1/callback', 'http://a@127.0.0.1/callback'],
    ['a suffix', 'http://127.0.0.1/callback', 'http://127.0.0.1.evil.example/callback'],
    ['another 127/8 address', 'http://127.0.0.1/callback', 'http://127.0.0.2/callback'],
    ['https', 'http://127.0.0.1/callback', 'https://127.0.0.1/callback'],
  ])('DEVAS-02, DEVAS-03: shows an error page for %s', async (_, registered, requested) => {
    const client = await register(issuer, { redirect_uris: [registered] });
    const url = authorizationUrl(issuer, client.client_id, { redirect_uri: requested });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(await response.text()).toContain('invalid_redirect_uri');
  });

  it('DEVAS-02: ignores the port for native clients only', async () => {
    const client = await register(issuer, { application_type: 'web' });
    const url = authorizationUrl(issuer, client.client_id);
    expect((await fetch(url, { redirect: 'manual' })).status).toBe(400);
  });

  it('DEVAS-03: shows an error page for a client that does not exist', async () => {
    const response = await fetch(authorizationUrl(issuer, 'nobody'), { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('invalid_client');
  });

  it('DEVAS-03: shows an error page when there is no redirect URI', async () => {
    const client = await register(issuer);
    const url = authorizationUrl(issuer, client.client_id, { redirect_uri: undefined });
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.status).toBe(400);
    expect(response.headers.get('location')).toBeNull();
  });
});

describe('authorization requests', () => {
  it.each([
    ['no challenge', { code_challenge: undefined, code_challenge_method: undefined }],
    ['plain', { code_challenge: 'p'.repeat(43), code_challenge_method: 'plain' }],
    ['no method, which would mean plain', { code_challenge_method: undefined }],
    ['a short challenge', { code_challenge: 'short' }],
  ])('DEVAS-04, DEVAS-06: refuses %s with an error that carries iss', async (_, parameters) => {
    const client = await register(issuer);
    const response = await authorize(issuer, client.client_id, parameters);
    expect(Object.fromEntries(response)).toMatchObject({
      error: 'invalid_request',
      state: 'the-state',
      iss: issuer,
    });
    expect(response.has('code')).toBe(false);
  });

  it.each([{ token_endpoint_auth_method: 'client_secret_basic' }, { application_type: 'web' }])(
    'DEVAS-04: asks clients with %j for PKCE too',
    async (metadata) => {
      const client = await register(issuer, { redirect_uris: [redirectUri], ...metadata });
      const response = await authorize(issuer, client.client_id, {
        code_challenge: undefined,
        code_challenge_method: undefined,
      });
      expect(response.get('error')).toBe('invalid_request');
    },
  );

  it('DEVAS-06: puts iss into the authorization response', async () => {
    const client = await register(issuer);
    const response = await authorize(issuer, client.client_id);
    expect(response.get('iss')).toBe(issuer);
    expect(response.get('state')).toBe('the-state');
  });

  it.each([
    [{ scope: 'nonsense' }, 'invalid_scope'],
    [{ resource: 'https://other.example/' }, 'invalid_target'],
    [{ response_type: 'token' }, 'unsupported_response_type'],
    [{ response_type: 'code id_token', nonce: 'n' }, 'unsupported_response_type'],
  ])('refuses %j with %s', async (parameters, error) => {
    const client = await register(issuer);
    const url = authorizationUrl(issuer, client.client_id, parameters);
    const response = await fetch(url, { redirect: 'manual' });
    expect(response.headers.get('location')).toContain(`error=${error}`);
  });

  it('grants the scope read when the request names none', async () => {
    const client = await register(issuer);
    expect((await logIn(issuer, client.client_id, { scope: undefined })).scope).toBe('read');
  });
});

describe('authorization codes', () => {
  it.each([
    ['another verifier', { code_verifier: pkce().verifier }],
    ['no verifier', { code_verifier: '' }],
    ['another redirect URI', { redirect_uri: 'http://127.0.0.1:1/callback' }],
  ])('DEVAS-04: refuses a code with %s', async (_, form) => {
    const client = await register(issuer);
    const { verifier, challenge } = pkce();
    const response = await authorize(issuer, client.client_id, { code_challenge: challenge });
    const grant = codeGrant(client.client_id, response.get('code')!, verifier);
    expect(await token(issuer, { ...grant, ...form })).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
    expect((await token(issuer, grant)).status).toBe(200);
  });

  it('DEVAS-05: refuses a code that is used again, and revokes what it was exchanged for', async () => {
    const client = await register(issuer);
    const { code, verifier, access_token, refresh_token } = await logIn(issuer, client.client_id);
    expect((await fetch(server.protectedResource, bearer(access_token))).status).toBe(200);
    const again = await token(issuer, codeGrant(client.client_id, code, verifier));
    expect(again).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
    const response = await fetch(server.protectedResource, bearer(access_token));
    expect(response.status).toBe(401);
    const refreshed = await token(issuer, refreshGrant(client.client_id, refresh_token));
    expect(refreshed).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
  });

  it.each([
    [58, 200],
    [60, 400],
  ])('DEVAS-05: answers a code that is %i seconds old with %i', async (seconds, status) => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const client = await register(issuer);
    const { verifier, challenge } = pkce();
    const response = await authorize(issuer, client.client_id, { code_challenge: challenge });
    vi.setSystemTime(Date.now() + seconds * 1000);
    const grant = codeGrant(client.client_id, response.get('code')!, verifier);
    expect((await token(issuer, grant)).status).toBe(status);
  });
});

describe('refresh tokens', () => {
  it.each(['none', 'client_secret_basic'])(
    'DEVAS-07: rotates them for clients with %s, and revokes the grant when one is used again',
    async (method) => {
      const client = await register(issuer, { token_endpoint_auth_method: method });
      const { client_id } = client;
      const headers = method === 'none' ? {} : basic(client);
      const send = async (form: Record<string, string>) => token(issuer, form, headers);
      const { verifier, challenge } = pkce();
      const response = await authorize(issuer, client_id, { code_challenge: challenge });
      const first = await send(codeGrant(client_id, response.get('code')!, verifier));
      const second = await send(refreshGrant(client_id, first.body.refresh_token));
      expect(second.status).toBe(200);
      expect(second.body.refresh_token).not.toBe(first.body.refresh_token);
      const reused = await send(refreshGrant(client_id, first.body.refresh_token));
      expect(reused).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      const third = await send(refreshGrant(client_id, second.body.refresh_token));
      expect(third).toMatchObject({ status: 400, body: { error: 'invalid_grant' } });
      const call = await fetch(server.protectedResource, bearer(second.body.access_token));
      expect(call.status).toBe(401);
    },
  );

  it('gives none to a client that did not register for them', async () => {
    const client = await register(issuer, { grant_types: ['authorization_code'] });
    expect((await logIn(issuer, client.client_id)).refresh_token).toBeUndefined();
  });

  it('belong to their client', async () => {
    const [client, other] = [await register(issuer), await register(issuer)];
    const { refresh_token } = await logIn(issuer, client.client_id);
    expect(await token(issuer, refreshGrant(other.client_id, refresh_token))).toMatchObject({
      status: 400,
      body: { error: 'invalid_grant' },
    });
  });

  it('end one login and leave another of the same client and user', async () => {
    const client = await register(issuer);
    const first = await logIn(issuer, client.client_id);
    const second = await logIn(issuer, client.client_id);
    await fetch(`${issuer}/revoke`, {
      method: 'POST',
      body: new URLSearchParams({ client_id: client.client_id, token: first.refresh_token }),
    });
    const status = async ({ access_token }: { access_token: string }) =>
      (await fetch(server.protectedResource, bearer(access_token))).status;
    expect([await status(first), await status(second)]).toEqual([401, 200]);
  });
});

it.each([
  ['an unknown client', { client_id: 'nobody', client_secret: 'x' }],
  ['a client without its secret', {}],
])('refuses client credentials of %s with 401 and JSON', async (_, form) => {
  const client = await register(issuer, {
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_post',
  });
  const answer = await token(issuer, {
    grant_type: 'client_credentials',
    client_id: client.client_id,
    client_secret: 'wrong',
    ...form,
  });
  expect(answer).toMatchObject({ status: 401, body: { error: 'invalid_client' } });
});
