// What tests may tell the server: every fault as it is seen on the wire, the clock, the log, and the control API.

import { connect } from 'node:net';
import { once } from 'node:events';
import { createRemoteJWKSet, decodeJwt, jwtVerify } from 'jose';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import {
  startAuthorizationServer,
  type AuthorizationServer,
  type Fault,
} from '../../src/dev-server/server.ts';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import {
  authorize,
  bearer,
  logIn,
  postForm,
  refreshGrant,
  register,
  token,
} from '../unit/dev-server/independent-client.ts';

const clients = [{ client_id: 'svc', client_secret: 'svc-secret' }];
const authorization = { Authorization: `Basic ${btoa('svc:svc-secret')}` };

let server: AuthorizationServer;

beforeAll(async () => {
  server = await startAuthorizationServer({ auto_approve: 'bob', clients });
});
beforeEach(async () => server.reset());
afterAll(async () => server.close());

const ask = async () =>
  postForm(server.url('/token'), { grant_type: 'client_credentials' }, authorization);
const accessToken = async () =>
  ((await (await ask()).json()) as { access_token: string }).access_token;
const call = async (value: string) => fetch(server.url('/protected'), bearer(value));

describe('DEVAS-13: a fault', () => {
  it.each<[string, Partial<Fault>, number, Record<string, unknown>]>([
    ['a status', { status: 503 }, 503, { error: 'server_error' }],
    ['slow_down', { error: 'slow_down' }, 400, { error: 'slow_down' }],
    ['another parameter', { change: { token_type: 'mac' } }, 200, { token_type: 'mac' }],
    ['a parameter less', { change: { token_type: null } }, 200, { token_type: undefined }],
  ])('answers once with %s', async (_, fault, status, expected) => {
    server.fault({ endpoint: '/token', ...fault });
    const response = await ask();
    expect(response.status).toBe(status);
    const body = (await response.json()) as Record<string, unknown>;
    for (const [name, value] of Object.entries(expected)) expect(body[name]).toBe(value);
    expect((await ask()).status).toBe(200);
  });

  it('lasts for as many requests as it says, and at its endpoint only', async () => {
    server.fault({ endpoint: '/token', status: 500, count: 2 });
    expect((await fetch(server.url('/jwks'))).status).toBe(200);
    expect([(await ask()).status, (await ask()).status, (await ask()).status]).toEqual([
      500, 500, 200,
    ]);
  });

  it('waits', async () => {
    server.fault({ endpoint: '/token', delay: 300 });
    const before = performance.now();
    expect((await ask()).status).toBe(200);
    expect(performance.now() - before).toBeGreaterThanOrEqual(290);
  });

  it('sends HTML instead of JSON', async () => {
    server.fault({ endpoint: '/token', body: 'html' });
    const response = await ask();
    expect(response.headers.get('content-type')).toContain('text/html');
    expect(await response.text()).toContain('<h1>');
  });

  it('sends a body that ends too early', async () => {
    server.fault({ endpoint: '/token', body: 'truncated' });
    await expect(ask().then((response) => response.text())).rejects.toThrow();
  });

  it('sends a huge body, and a small one that unpacks to a huge one', async () => {
    server.fault({ endpoint: '/jwks', body: 'huge' });
    expect((await (await fetch(server.url('/jwks'))).arrayBuffer()).byteLength).toBe(67_108_864);
    server.fault({ endpoint: '/jwks', body: 'bomb' });
    const port = Number(new URL(server.issuer).port);
    const socket = connect({ host: '127.0.0.1', port });
    let received = 0;
    socket.on('data', (chunk: Buffer) => (received += chunk.length));
    socket.write(`GET /jwks HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`);
    await once(socket, 'close');
    expect(received).toBeGreaterThan(10_000);
    expect(received).toBeLessThan(1_000_000);
    server.fault({ endpoint: '/jwks', body: 'bomb' });
    expect((await (await fetch(server.url('/jwks'))).arrayBuffer()).byteLength).toBe(67_108_864);
  });

  it.each([
    ['before', 200],
    ['after', 400],
  ] as const)('drops the connection %s the server acted', async (drop, status) => {
    const { client_id } = await register(server.issuer);
    const { refresh_token } = await logIn(server.issuer, client_id);
    server.fault({ endpoint: '/token', drop });
    const refresh = async () => token(server.issuer, refreshGrant(client_id, refresh_token));
    await expect(refresh()).rejects.toThrow();
    // A lost response: the refresh token was spent all the same.
    expect((await refresh()).status).toBe(status);
  });

  it('changes a claim of the ID token, under a good signature', async () => {
    const { client_id } = await register(server.issuer);
    server.fault({ endpoint: '/token', claims: { nonce: 'another', email: null } });
    const { id_token } = await logIn(server.issuer, client_id, { nonce: 'mine' });
    const keys = createRemoteJWKSet(new URL(server.url('/jwks')));
    const { payload } = await jwtVerify(id_token, keys, { issuer: server.issuer });
    expect(payload['nonce']).toBe('another');
    expect(payload).not.toHaveProperty('email');
  });

  it('changes a parameter of the authorization response', async () => {
    const { client_id } = await register(server.issuer);
    server.fault({ endpoint: '/authorize', change: { iss: 'https://evil.example', state: null } });
    const response = await authorize(server.issuer, client_id);
    expect(response.get('iss')).toBe('https://evil.example');
    expect(response.has('state')).toBe(false);
  });

  it('demands a DPoP nonce, which the server then takes', async () => {
    server.fault({ endpoint: '/token', error: 'use_dpop_nonce' });
    const response = await ask();
    expect(response.status).toBe(400);
    expect(response.headers.get('dpop-nonce')).toMatch(/./);
    server.fault({ endpoint: '/protected', error: 'use_dpop_nonce' });
    const resource = await fetch(server.url('/protected'), {
      headers: { Authorization: 'DPoP x' },
    });
    expect(resource.status).toBe(401);
    expect(resource.headers.get('www-authenticate')).toBe('DPoP error="use_dpop_nonce"');
    expect(resource.headers.get('dpop-nonce')).toMatch(/./);
  });
});

describe('the test that started it', () => {
  it('advances the clock for the server alone', async () => {
    const value = await accessToken();
    const before = Date.now();
    server.advanceClock(1799);
    expect((await call(value)).status).toBe(200);
    server.advanceClock(2);
    expect((await call(value)).headers.get('www-authenticate')).toContain('it has expired');
    expect(Date.now() - before).toBeLessThan(60_000);
    expect(decodeJwt(await accessToken()).iat! * 1000).toBeGreaterThan(before + 1_700_000);
  });

  it('expires everything, revokes everything, rotates the keys', async () => {
    const expired = await accessToken();
    server.expireAll();
    expect((await call(expired)).status).toBe(401);
    const revoked = await accessToken();
    server.revokeAll();
    expect((await call(revoked)).headers.get('www-authenticate')).toContain('it was revoked');
    const kids = async () => (await fetch(server.url('/jwks'))).text();
    const before = await kids();
    const { client_id } = await register(server.issuer);
    const signed = await logIn(server.issuer, client_id);
    server.rotateKeys();
    expect(await kids()).not.toBe(before);
    expect((await call(signed.access_token)).status).toBe(401);
    expect((await call((await logIn(server.issuer, client_id)).access_token)).status).toBe(200);
  });

  it('adds users and clients, reads what was received, and starts over', async () => {
    await server.addClient({ client_id: 'extra', client_secret: 'extra-secret' });
    expect(await server.addUser({ username: 'carol' })).toMatch(/^[a-z2-9-]{14}$/);
    const extra = { Authorization: `Basic ${btoa('extra:extra-secret')}` };
    const form = { grant_type: 'client_credentials', scope: 'read' };
    expect((await postForm(server.url('/token'), form, extra)).status).toBe(200);
    expect(server.requests().at(-1)).toMatchObject({
      method: 'POST',
      path: '/token',
      body: 'grant_type=client_credentials&scope=read',
      status: 200,
      headers: { authorization: extra.Authorization },
    });
    await expect(
      server.addClient({ client_id: 'odd', client_secret: 's', redirect_uris: ['no uri'] }),
    ).rejects.toThrow('client odd: redirect_uris');
    await server.reset();
    expect(server.requests()).toEqual([]);
    expect((await postForm(server.url('/token'), form, extra)).status).toBe(401);
    expect((await ask()).status).toBe(200);
  });

  it('is told about a mistake in its options', async () => {
    const options = { lifetimes: { access_token: -1 } };
    await expect(startAuthorizationServer(options)).rejects.toThrow(
      'options: lifetimes.access_token: expected a whole number of at least 1',
    );
  });
});

describe('DEVAS-13: the control API', () => {
  let controlled: DevServer;
  beforeAll(async () => {
    controlled = await startDevServer({ control: true, configuration: { clients } });
  });
  afterAll(async () => controlled.close());

  const send = async (command: string, body?: unknown, secret = controlled.controlSecret) => {
    const [method = '', path = ''] = command.split(' ');
    const response = await fetch(`${controlled.issuer}/control/${path}`, {
      method,
      headers: { Authorization: `Bearer ${secret ?? ''}` },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, body: (await response.json()) as Record<string, unknown> };
  };

  it('is not there unless it was asked for', async () => {
    expect((await fetch(server.url('/control/users'))).status).toBe(404);
  });

  it.each(['', 'wrong'])('wants its secret, not %j', async (secret) => {
    const answer = await send('POST faults', { endpoint: '/token', status: 500 }, secret);
    expect(answer.status).toBe(401);
    expect((await send('GET faults')).body).toEqual({ faults: [] });
  });

  it('does all that a test in the same process may do', async () => {
    expect((await send('POST users', { username: 'carol', password: 'long enough' })).status).toBe(
      200,
    );
    expect((await send('GET users')).body['users']).toContain('carol');
    expect((await send('POST clients', { client_id: 'c', client_secret: 's' })).status).toBe(200);
    expect((await send('GET clients')).body['clients']).toEqual(['svc', 'c']);
    await send('POST faults', { endpoint: '/token', status: 418 });
    expect((await postForm(`${controlled.issuer}/token`, {})).status).toBe(418);
    await send('POST faults', { endpoint: '/token', status: 418 });
    await send('DELETE faults');
    expect((await send('GET faults')).body).toEqual({ faults: [] });
    const { requests } = (await send('GET requests')).body as { requests: { path: string }[] };
    expect(requests.map(({ path }) => path)).toEqual(['/token']);
    for (const command of ['POST expire', 'POST revoke', 'POST rotate-keys', 'POST reset']) {
      expect(await send(command)).toEqual({ status: 200, body: {} });
    }
    expect((await send('POST clock', { advance: 60 })).status).toBe(200);
    expect((await send('GET users')).body['users']).toEqual(['alice']);
  });

  it.each([
    ['POST clock', { advance: 'x' }, 400],
    ['POST users', {}, 400],
    ['POST clients', { client_id: '' }, 400],
    ['POST faults', [], 400],
    ['POST nothing', {}, 404],
  ])('answers %s with %j by %i', async (command, body, status) => {
    expect((await send(command, body)).status).toBe(status);
  });
});
