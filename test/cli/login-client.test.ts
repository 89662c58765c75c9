// Which client a login uses, and what a login leaves where something goes wrong around it.

import { afterEach, describe, expect, it } from 'vitest';
import type { Home, Keychain } from '../../src/environment.ts';
import { StoreError } from '../../src/errors.ts';
import type { ScriptedServer } from '../support/authorization-server.ts';
import { basicCredentials, sendJson } from '../support/authorization-server.ts';
import { memoryKeychain, testEnvironment } from '../support/environment.ts';
import { configurationOf, logInAt, serverPool } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

const tokenRequests = (server: ScriptedServer) =>
  server.requests.filter(({ path }) => path === '/token');
const registrations = (server: ScriptedServer) =>
  server.requests.filter(({ path, method }) => path === '/register' && method === 'POST');

describe('a client of one’s own', () => {
  const secret = { variables: { OAUTH_CLI_CLIENT_SECRET: 'canary-secret' } };

  it('is used with the redirect URI that a person could register: /callback', async () => {
    const server = await pool.start();
    const redirects: string[] = [];
    const environment = testEnvironment({
      browser: async (url) => {
        redirects.push(new URL(url).searchParams.get('redirect_uri')!);
        await server.browse(url);
      },
    });
    const result = await runCliIn(environment, ['login', server.issuer, '--client-id', 'mine']);
    expect(result.exitCode).toBe(0);
    expect(redirects[0]).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/callback$/);
  });

  it('keeps its secret and its method at the next login, with or without --client-id', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--client-id', 'mine'], secret);
    const later = { ...environment, variables: {} };
    for (const argv of [[], ['--client-id', 'mine']]) {
      server.requests.length = 0;
      const result = await runCliIn(later, ['login', server.issuer, ...argv]);
      expect(result.exitCode, result.stderr).toBe(0);
      expect(registrations(server)).toEqual([]);
      expect(basicCredentials(tokenRequests(server)[0]!)).toEqual(['mine', 'canary-secret']);
    }
  });

  it('takes a new secret without its id being repeated', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--client-id', 'mine'], secret);
    const later = { ...environment, variables: { OAUTH_CLI_CLIENT_SECRET: 'another-secret' } };
    expect((await runCliIn(later, ['login', server.issuer])).exitCode).toBe(0);
    expect(basicCredentials(tokenRequests(server).at(-1)!)).toEqual(['mine', 'another-secret']);
  });

  it('is not replaced by a registration when its secret is gone', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--client-id', 'mine'], secret);
    for (const key of environment.secrets.keys()) {
      if (key.endsWith('.client')) environment.secrets.delete(key);
    }
    const later = { ...environment, variables: {} };
    const result = await runCliIn(later, ['login', server.issuer]);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('client_secret_basic needs a client secret');
    expect(server.requests.filter(({ path }) => path === '/register')).toEqual([]);
  });

  it('SEC-02: is asked for its secret without echo on a terminal', async () => {
    const server = await pool.start();
    const argv = ['--client-id', 'mine', '--client-auth', 'client_secret_post'];
    const environment = await logInAt(server, argv, { isTTY: true, answers: ['typed-secret'] });
    expect([...environment.secrets.values()].join()).toContain('typed-secret');
    expect(environment.err()).not.toContain('typed-secret');
  });
});

describe('a registered client', () => {
  async function loggedIn(status: number) {
    let origin = '';
    const asked: (string | undefined)[] = [];
    const server = await pool.start({
      registration: (response) => ({
        ...response,
        registration_access_token: 'canary-management',
        registration_client_uri: `${origin}/register/me`,
      }),
      intercept: (path, request, response) => {
        if (path !== '/register/me') return false;
        asked.push(request.headers.authorization);
        sendJson(
          response,
          status,
          status === 200 ? { client_id: 'x' } : { error: 'invalid_token' },
        );
        return true;
      },
    });
    origin = server.origin;
    return { server, asked, environment: await logInAt(server) };
  }

  it.each([
    [200, 0],
    [401, 1],
    [404, 1],
    [500, 0],
    [403, 0],
  ])('that the server answers for with %i leads to %i new registrations', async (status, count) => {
    const { server, asked, environment } = await loggedIn(status);
    const result = await runCliIn(environment, ['login', server.issuer]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(asked).toEqual(['Bearer canary-management']);
    expect(registrations(server)).toHaveLength(count);
  });

  it('REG-06: is not asked for at another origin', async () => {
    const other = await pool.start();
    const server = await pool.start({
      registration: (response) => ({
        ...response,
        registration_access_token: 'canary-management',
        registration_client_uri: `${other.origin}/register/me`,
      }),
    });
    const environment = await logInAt(server);
    expect((await runCliIn(environment, ['login', server.issuer])).exitCode).toBe(0);
    expect(other.requests).toEqual([]);
  });
});

describe('a login that something goes wrong around', () => {
  it('is done and says so when the old store cannot be emptied', async () => {
    const server = await pool.start();
    const environment = await logInAt(server);
    const keychain: Keychain = {
      ...memoryKeychain(environment.secrets),
      deletePassword: async () => {
        throw new StoreError('missing', 'there is no keychain');
      },
    };
    const result = await runCliIn({ ...environment, keychain }, [
      'login',
      server.issuer,
      '--store',
      'plaintext',
    ]);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('warning: the store of the login before could not be reached');
    expect(configurationOf(environment)).toContain('"store": "plaintext"');
  });

  it('STORE-13: ends before anybody is asked anything when the configuration cannot be written', async () => {
    const server = await pool.start();
    let opened = 0;
    const environment = testEnvironment({ browser: async () => void (opened += 1) });
    const home: Home = {
      ...environment.home,
      write: async () => {
        throw new StoreError('denied', 'the directory cannot be written');
      },
    };
    const result = await runCliIn({ ...environment, home }, ['login', server.issuer]);
    expect(result.exitCode).toBe(8);
    expect([opened, server.requests.length]).toEqual([0, 0]);
  });

  it.each([
    ['numbers among the algorithms', { id_token_signing_alg_values_supported: [1, 'ES256'] }, 0],
    ['algorithms that are no list', { id_token_signing_alg_values_supported: 'ES256' }, 6],
    ['scopes that are no list', { scopes_supported: 'openid' }, 0],
  ])('metadata with %s are no bug of ours', async (_title, change, exitCode) => {
    const server = await pool.start({ metadata: (metadata) => ({ ...metadata, ...change }) });
    const environment = testEnvironment({
      browser: async (url) => {
        await server.browse(url);
      },
    });
    expect((await runCliIn(environment, ['login', server.issuer])).exitCode).toBe(exitCode);
  });

  it('does not call the same scopes in another order another scope', async () => {
    const server = await pool.start({
      token: (response) => ({ ...response, scope: 'offline_access openid' }),
    });
    const environment = await logInAt(server);
    expect(environment.err()).not.toContain('another scope');
  });
});
