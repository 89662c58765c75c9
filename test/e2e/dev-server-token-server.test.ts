// The small token server, run as the README says: a child process, a configuration file and curl.

import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { promisify } from 'node:util';
import path from 'node:path';
import { decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';

const directory = mkdtempSync(path.join(tmpdir(), 'oauth-cli-serve-'));
const secretFile = path.join(directory, 'secret');
const secret = Buffer.alloc(32, 7);

let server: DevServer;

beforeAll(async () => {
  writeFileSync(secretFile, secret);
  server = await startDevServer({
    configuration: {
      signing_secret_file: secretFile,
      clients: [
        { client_id: 'alpha', client_secret: 'alpha-secret' },
        {
          client_id: 'beta',
          client_secret: 'beta-secret',
          token_endpoint_auth_method: 'client_secret_post',
        },
      ],
      resources: [{ resource: '/protected' }, { resource: '/opaque', token_format: 'opaque' }],
    },
  });
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

type Answer = { status: number; headers: string; body: Record<string, string> };

// Not execFileSync: the server answers in this process.
const run = promisify(execFile);

async function curl(...args: string[]): Promise<Answer> {
  const { stdout: output } = await run('curl', ['-sS', '-i', '-m', '10', ...args]);
  const [head = '', body = ''] = output.split('\r\n\r\n');
  return {
    status: Number(/^HTTP\/1\.1 (\d+)/.exec(head)?.[1]),
    headers: head,
    body: JSON.parse(body) as Record<string, string>,
  };
}

const token = async (...args: string[]) =>
  curl('-d', 'grant_type=client_credentials', ...args, `${server.issuer}/token`);
const call = async (accessToken: string, at = server.protectedResource) =>
  curl('-H', `Authorization: Bearer ${accessToken}`, at);
const accessToken = async (...args: string[]) =>
  (await token('-u', 'alpha:alpha-secret', ...args)).body['access_token'] ?? '';

describe('the token endpoint', () => {
  it('gives a known client an HS256 JWT with its id as sub, for 30 minutes', async () => {
    const { status, body } = await token('-u', 'alpha:alpha-secret');
    expect(status).toBe(200);
    expect(body).toMatchObject({ token_type: 'Bearer', expires_in: 1800 });
    const { payload, protectedHeader } = await jwtVerify(body['access_token']!, secret);
    expect(protectedHeader).toMatchObject({ alg: 'HS256', typ: 'at+jwt' });
    expect(payload).toMatchObject({ sub: 'alpha', client_id: 'alpha', iss: server.issuer });
    expect(payload.exp! - payload.iat!).toBe(1800);
  });

  it('takes the secret in the body from a client that is configured so', async () => {
    const { status } = await token('-d', 'client_id=beta', '-d', 'client_secret=beta-secret');
    expect(status).toBe(200);
  });

  it.each([
    ['an unknown client', 'nobody:alpha-secret'],
    ['a wrong secret', 'alpha:beta-secret'],
  ])('answers %s with 401 and a JSON error', async (_, credentials) => {
    const { status, headers, body } = await token('-u', credentials);
    expect(status).toBe(401);
    expect(headers).toMatch(/content-type: application\/json/i);
    expect(body['error']).toBe('invalid_client');
  });
});

describe('GET /protected', () => {
  it('greets a client with a valid token', async () => {
    const { status, body } = await call(await accessToken());
    expect(status).toBe(200);
    expect(body).toMatchObject({ message: 'Hello, authenticated user!', sub: 'alpha' });
  });

  it.each<[string, () => Promise<string> | string, RegExp]>([
    ['malformed', () => 'a.b.c', /it is malformed/],
    ['signed otherwise', () => forged(Buffer.alloc(32, 8)), /its signature is wrong/],
    ['expired', () => forged(secret, { exp: 1 }), /it has expired/],
    ['revoked', revoked, /it was revoked/],
    [
      'for another audience',
      () => accessToken('-d', `resource=${server.issuer}/opaque`),
      /it is for another audience/,
    ],
  ])('answers 401 with a challenge to a token that is %s', async (_, make, reason) => {
    const { status, headers, body } = await call(await make());
    expect(status).toBe(401);
    expect(headers).toMatch(
      /www-authenticate: Bearer resource_metadata="http:.*error="invalid_token"/i,
    );
    expect(body['error_description']).toMatch(reason);
  });

  it('answers 401 with a challenge that leads to its metadata where there is no token', async () => {
    const { status, headers } = await curl(server.protectedResource);
    expect(status).toBe(401);
    const url = /resource_metadata="([^"]+)"/.exec(headers)![1]!;
    expect((await curl(url)).body['resource']).toBe(server.protectedResource);
  });

  it('takes no token of one resource at another, and opaque ones where they are configured', async () => {
    const opaque = await accessToken('-d', `resource=${server.issuer}/opaque`);
    expect(opaque).not.toContain('.');
    expect((await call(opaque, `${server.issuer}/opaque`)).status).toBe(200);
    expect((await call(await accessToken(), `${server.issuer}/opaque`)).status).toBe(401);
  });
});

it('shows a revoked JWT as inactive in introspection', async () => {
  const value = await accessToken();
  const introspect = async () =>
    (await curl('-u', 'alpha:alpha-secret', '-d', `token=${value}`, `${server.issuer}/introspect`))
      .body;
  expect(await introspect()).toMatchObject({ active: true, sub: 'alpha', token_type: 'Bearer' });
  await revoke(value);
  expect(await introspect()).toEqual({ active: false });
});

it('DEVAS-12: signs with another secret at every start when none is given', async () => {
  const configuration = { clients: [{ client_id: 'alpha', client_secret: 'alpha-secret' }] };
  const [one, other] = [
    await startDevServer({ configuration }),
    await startDevServer({ configuration }),
  ];
  const { body } = await curl(
    '-u',
    'alpha:alpha-secret',
    '-d',
    'grant_type=client_credentials',
    `${one.issuer}/token`,
  );
  expect(decodeProtectedHeader(body['access_token']!).alg).toBe('HS256');
  const { status, headers } = await call(body['access_token']!, other.protectedResource);
  expect(status).toBe(401);
  expect(headers).toContain('its signature is wrong');
  await Promise.all([one.close(), other.close()]);
});

it('runs as the README says', async () => {
  const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8');
  const section = readme.slice(readme.indexOf('### A token server for curl'));
  const commands = /```sh\n(curl[^]*?)```/.exec(section)?.[1] ?? '';
  const script = commands
    .replaceAll('http://127.0.0.1:8080', server.issuer)
    .replaceAll('demo:demo-secret', 'alpha:alpha-secret');
  const { stdout: output } = await run('sh', ['-c', script]);
  expect(output).toContain('"message":"Hello, authenticated user!"');
});

function forged(key: Buffer, claims: Record<string, unknown> = {}): Promise<string> {
  const { issuer: iss, protectedResource: aud } = server;
  const exp = Math.floor(Date.now() / 1000) + 60;
  return new SignJWT({ iss, aud, sub: 'alpha', client_id: 'alpha', jti: 'j', exp, ...claims })
    .setProtectedHeader({ alg: 'HS256', typ: 'at+jwt' })
    .sign(key);
}

async function revoke(value: string): Promise<void> {
  const form = ['-d', `token=${value}`, `${server.issuer}/revoke`];
  await run('curl', ['-sS', '-f', '-m', '10', '-u', 'alpha:alpha-secret', ...form]);
}

async function revoked(): Promise<string> {
  const value = await accessToken();
  await revoke(value);
  return value;
}
