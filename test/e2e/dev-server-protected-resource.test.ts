// The protected resource, and JWT access tokens at it, at introspection, at revocation and at userinfo.

import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import {
  basic,
  bearer,
  logIn,
  postForm,
  refreshGrant,
  register,
  token,
  type Registered,
} from '../unit/dev-server/independent-client.ts';

let server: DevServer;
let issuer: string;
let client: Registered;

beforeAll(async () => {
  server = await startDevServer({ autoApprove: 'bob' });
  issuer = server.issuer;
  client = await register(issuer);
});
afterAll(async () => server.close());
afterEach(() => void vi.useRealTimers());

const call = async (accessToken: string) => fetch(server.protectedResource, bearer(accessToken));
const userinfo = async (accessToken: string) => fetch(`${issuer}/userinfo`, bearer(accessToken));
const revoke = async (of: Registered, revoked: string, headers: Record<string, string> = {}) =>
  postForm(`${issuer}/revoke`, { client_id: of.client_id, token: revoked }, headers);
const introspect = async (by: Registered, about: string, headers: Record<string, string> = {}) =>
  (
    await postForm(`${issuer}/introspect`, { client_id: by.client_id, token: about }, headers)
  ).json();

describe('the protected resource', () => {
  it('publishes its metadata where its challenge points to', async () => {
    const { headers, status } = await fetch(server.protectedResource);
    const url = `${issuer}/.well-known/oauth-protected-resource/protected`;
    expect(status).toBe(401);
    expect(headers.get('www-authenticate')).toBe(`Bearer resource_metadata="${url}"`);
    expect(await (await fetch(url)).json()).toMatchObject({
      resource: server.protectedResource,
      authorization_servers: [issuer],
      bearer_methods_supported: ['header'],
      scopes_supported: ['read', 'write'],
      development_only: expect.stringContaining('development only'),
    });
  });

  it.each(['Basic YWxpY2U6eA==', 'Bearer', 'Bearer ', 'DPoP'])(
    'names no error when it is sent %j, which holds no token',
    async (authorization) => {
      const headers = { Authorization: authorization };
      const response = await fetch(server.protectedResource, { headers });
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).not.toContain('error');
    },
  );

  it.each(['a.b.c', 'a.b c.d', '"a.b.c"', 'e30.e30.'])(
    'answers the malformed token %j with invalid_token',
    async (malformed) => {
      const response = await call(malformed);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toMatch(
        /, error="invalid_token", error_description="the access token is not valid: it is malformed"$/,
      );
    },
  );

  it.each(['no-jwt', 'two words'])(
    'answers the unknown token %j with invalid_token',
    async (token) => {
      const response = await call(token);
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toContain(
        'it is unknown, expired or revoked',
      );
    },
  );

  it('says that a token has expired', async () => {
    const { access_token } = await logIn(issuer, client.client_id);
    vi.useFakeTimers({ toFake: ['Date'] });
    vi.setSystemTime(Date.now() + 31 * 60 * 1000);
    const response = await call(access_token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('it has expired');
  });

  it('refuses an ID token', async () => {
    const { id_token } = await logIn(issuer, client.client_id);
    const response = await call(id_token);
    expect(response.headers.get('www-authenticate')).toContain('not an access token');
  });

  it('takes reading methods only', async () => {
    const response = await fetch(server.protectedResource, { method: 'DELETE' });
    expect(response.status).toBe(405);
    expect(response.headers.get('allow')).toBe('GET, HEAD');
  });
});

describe.each([
  ['with the resource parameter', true],
  ['without the resource parameter', false],
])('a login %s', (_, named) => {
  const resource = () => (named ? { resource: server.protectedResource } : {});

  it('gets a token for the protected resource that userinfo takes too', async () => {
    const { access_token } = await logIn(issuer, client.client_id, resource());
    const [header, payload] = access_token.split('.').map(decode);
    expect(header).toMatchObject({ alg: 'ES256', typ: 'at+jwt' });
    expect(payload).toMatchObject({
      iss: issuer,
      aud: server.protectedResource,
      sub: 'bob',
      client_id: client.client_id,
      scope: 'openid profile email',
    });
    expect(await (await call(access_token)).json()).toEqual({
      message: 'Hello, authenticated user!',
      sub: 'bob',
      client_id: client.client_id,
      scope: 'openid profile email',
    });
    expect(await (await userinfo(access_token)).json()).toMatchObject({ sub: 'bob', name: 'Bob' });
  });

  it.each([
    ['with the resource parameter', true],
    ['without the resource parameter', false],
  ])('refreshes %s', async (_title, repeated) => {
    const { refresh_token } = await logIn(issuer, client.client_id, resource());
    const grant = refreshGrant(client.client_id, refresh_token);
    const { status, body } = await token(
      issuer,
      repeated ? { ...grant, resource: server.protectedResource } : grant,
    );
    expect(status).toBe(200);
    expect((await call(body.access_token)).status).toBe(200);
    expect((await userinfo(body.access_token)).status).toBe(200);
  });
});

describe('userinfo', () => {
  it('wants the scope openid', async () => {
    const { access_token } = await logIn(issuer, client.client_id, { scope: 'read' });
    const response = await userinfo(access_token);
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('insufficient_scope');
  });

  it('gives only the claims of the granted scopes', async () => {
    const { access_token } = await logIn(issuer, client.client_id, { scope: 'openid email' });
    expect(await (await userinfo(access_token)).json()).toEqual({
      sub: 'bob',
      email: 'bob@example.com',
      email_verified: false,
    });
  });

  it('refuses a token that a client got for itself', async () => {
    const service = await registerService();
    const { body } = await token(
      issuer,
      { grant_type: 'client_credentials', scope: 'openid read' },
      basic(service),
    );
    expect((await userinfo(body.access_token)).status).toBe(401);
  });
});

describe('a revoked access token', () => {
  it('is refused everywhere, while its refresh token lives on', async () => {
    const { access_token, refresh_token } = await logIn(issuer, client.client_id);
    expect(await introspect(client, access_token)).toMatchObject({ active: true, sub: 'bob' });
    expect((await revoke(client, access_token)).status).toBe(200);
    const response = await call(access_token);
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toContain('it was revoked');
    expect(await introspect(client, access_token)).toEqual({ active: false });
    expect((await userinfo(access_token)).status).toBe(401);
    expect((await revoke(client, access_token)).status).toBe(200);
    const refreshed = await token(issuer, refreshGrant(client.client_id, refresh_token));
    expect((await call(refreshed.body.access_token)).status).toBe(200);
  });

  it('is also one whose refresh token was revoked', async () => {
    const { access_token, refresh_token } = await logIn(issuer, client.client_id);
    expect((await revoke(client, refresh_token)).status).toBe(200);
    expect((await call(access_token)).headers.get('www-authenticate')).toContain('it was revoked');
    expect(await introspect(client, access_token)).toEqual({ active: false });
    expect((await userinfo(access_token)).status).toBe(401);
  });

  it('may be one that a client got for itself', async () => {
    const service = await registerService();
    const { body } = await token(issuer, { grant_type: 'client_credentials' }, basic(service));
    expect((await call(body.access_token)).status).toBe(200);
    expect((await revoke(service, body.access_token, basic(service))).status).toBe(200);
    expect((await call(body.access_token)).status).toBe(401);
  });
});

describe('the tokens of other clients', () => {
  it('cannot be revoked', async () => {
    const { access_token } = await logIn(issuer, client.client_id);
    const response = await revoke(await register(issuer), access_token);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ error: 'invalid_request' });
    expect((await call(access_token)).status).toBe(200);
  });

  it('are shown to clients that authenticate, as a protected resource must, and to no others', async () => {
    const { access_token, refresh_token } = await logIn(issuer, client.client_id);
    const service = await registerService();
    const stranger = await register(issuer);
    for (const value of [access_token, refresh_token]) {
      expect(await introspect(service, value, basic(service))).toMatchObject({ active: true });
      expect(await introspect(stranger, value)).toEqual({ active: false });
    }
  });

  it.each(['introspect', 'revoke'])('are refused at /%s without authentication', async (path) => {
    const { access_token } = await logIn(issuer, client.client_id);
    const service = await registerService();
    const response = await postForm(`${issuer}/${path}`, {
      client_id: service.client_id,
      client_secret: 'wrong',
      token: access_token,
    });
    expect(response.status).toBe(401);
    expect((await call(access_token)).status).toBe(200);
  });
});

async function registerService(): Promise<Registered> {
  return register(issuer, {
    application_type: 'web',
    grant_types: ['client_credentials'],
    response_types: [],
    redirect_uris: [],
    token_endpoint_auth_method: 'client_secret_basic',
  });
}

function decode(part: string): unknown {
  return part === '' ? null : parseOrNull(Buffer.from(part, 'base64url').toString());
}

function parseOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
