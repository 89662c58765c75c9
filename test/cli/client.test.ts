// Clients through the command line: registered, added, shown, changed, deleted; and the redirect URIs they have.

import { afterEach, describe, expect, it } from 'vitest';
import type { Recorded, Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { configurationOf, serverPool } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

type Json = Record<string, unknown>;

const pool = serverPool();
afterEach(() => pool.close());

type Manage = (request: Recorded, registered: Json) => { status: number; body?: unknown };

/** A server whose clients can be managed at /clients/1; it rotates the registration access token at each answer. */
async function startServer(manage?: Manage, script: Script = {}): Promise<ScriptedServer> {
  let registered: Json = {};
  let answers = 0;
  const rotated = (): Json => ({
    ...registered,
    client_secret: `secret-${++answers}`,
    client_secret_expires_at: 0,
    registration_access_token: `rat-${answers}`,
  });
  const server: ScriptedServer = await pool.start({
    registration: (response) => {
      registered = {
        ...response,
        token_endpoint_auth_method: 'client_secret_basic',
        registration_client_uri: `${server.origin}/clients/1`,
      };
      return rotated();
    },
    intercept: (path, request, response) => {
      if (path !== '/clients/1') return false;
      const answer = manage?.(request, rotated());
      if (answer?.status === 204) response.writeHead(204).end();
      else if (answer !== undefined) sendJson(response, answer.status, answer.body ?? {});
      else if (request.method === 'DELETE') response.writeHead(204).end();
      else {
        if (request.method === 'PUT')
          registered = { ...registered, ...(JSON.parse(request.text) as Json) };
        sendJson(response, 200, rotated());
      }
      return true;
    },
    ...script,
  });
  return server;
}

async function registered(server: ScriptedServer, argv: string[] = [], options: TestOptions = {}) {
  const environment = testEnvironment({
    browser: async (url) => {
      await server.browse(url);
    },
    ...options,
  });
  const result = await runCliIn(environment, [
    ...['client', 'register', server.issuer, '--profile', 'work', ...argv],
  ]);
  return { environment, result };
}

const clientSecrets = (environment: TestEnvironment): Json =>
  JSON.parse([...environment.secrets].find(([key]) => key.endsWith('.client'))![1]) as Json;
const lastRequest = (server: ScriptedServer, path: string): Recorded =>
  server.requests.filter((request) => request.path === path).at(-1)!;

describe('client register', () => {
  it('REG-11: registers a public native client with a loopback literal without port', async () => {
    const server = await pool.start();
    const { environment, result } = await registered(server);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(JSON.parse(lastRequest(server, '/register').text)).toMatchObject({
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [expect.stringMatching(/^http:\/\/127\.0\.0\.1\/cb\/[0-9a-f]+$/)],
    });
    const login = await runCliIn(environment, ['login', '--profile', 'work']);
    expect(login.exitCode, login.stderr).toBe(0);
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
  });

  it('REG-14: takes initial access token and software statement from files, and shows neither', async () => {
    const server = await pool.start();
    const { result } = await registered(
      server,
      [
        ...['--initial-access-token-file', 'iat', '--software-statement-file', 'ss', '-v'],
        ...['--client-metadata', 'meta.json', '--name', 'My tool'],
      ],
      {
        files: {
          iat: 'canary-iat\n',
          ss: 'canary-ss\n',
          'meta.json': '{"contacts":["me@example.com"],"client_name":"other"}',
        },
      },
    );
    expect(result.exitCode, result.stderr).toBe(0);
    const request = lastRequest(server, '/register');
    expect(request.headers.authorization).toBe('Bearer canary-iat');
    expect(JSON.parse(request.text)).toMatchObject({
      software_statement: 'canary-ss',
      contacts: ['me@example.com'],
      client_name: 'My tool',
    });
    expect(result.stdout + result.stderr).not.toContain('canary');
  });

  it.each(['--initial-access-token', '--software-statement'])(
    'REG-14: %s with a value is refused without repeating it',
    async (option) => {
      const result = await runCliIn(testEnvironment(), [
        ...['client', 'register', 'https://as.example', `${option}=canary`],
      ]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).not.toContain('canary');
    },
  );

  it('REG-14: an expired initial access token is told, and nothing is stored', async () => {
    const server = await pool.start({
      intercept: (path, _request, response) => {
        if (path !== '/register') return false;
        sendJson(response, 401, { error: 'invalid_token' });
        return true;
      },
    });
    const { environment, result } = await registered(
      server,
      ['--initial-access-token-file', 'iat'],
      { files: { iat: 'canary-iat' } },
    );
    expect(result, result.stderr).toMatchObject({ exitCode: 5, stdout: '' });
    expect(result.stderr).toContain('invalid_token');
    expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
  });

  it('REG-03: redirect URIs that the server altered are refused, and nothing is stored', async () => {
    const server = await pool.start({
      registration: (response) => ({ ...response, redirect_uris: ['https://evil.example/cb'] }),
    });
    const { environment, result } = await registered(server);
    expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
    expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
  });

  it('a profile that has a client keeps it', async () => {
    const server = await pool.start();
    const { environment } = await registered(server);
    const again = await runCliIn(environment, [
      ...['client', 'register', server.issuer, '--profile', 'work'],
    ]);
    expect(again).toMatchObject({ exitCode: 2, stdout: '' });
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
  });
});

describe('client add', () => {
  it('makes a client known that a login then uses, secret and redirect URI included', async () => {
    const server = await pool.start();
    const environment = testEnvironment({
      browser: async (url) => {
        await server.browse(url);
      },
      files: { secret: 'hush\n' },
    });
    const port = 20_000 + (process.pid % 10_000);
    const added = await runCliIn(environment, [
      ...['client', 'add', server.issuer, '--profile', 'work', '--client-id', 'mine'],
      ...['--client-secret-file', 'secret', '--scope', 'openid'],
      ...['--redirect-uri', `http://127.0.0.1:${port}/my/callback`, '--json'],
    ]);
    expect(added.exitCode, added.stderr).toBe(0);
    expect(JSON.parse(added.stdout)).toMatchObject({ profile: 'work', client_id: 'mine' });
    const login = await runCliIn(environment, ['login', '--profile', 'work']);
    expect(login.exitCode, login.stderr).toBe(0);
    const { body, headers } = lastRequest(server, '/token');
    expect(body.get('redirect_uri')).toBe(`http://127.0.0.1:${port}/my/callback`);
    expect(headers.authorization).toMatch(/^Basic /);
    expect(configurationOf(environment)).not.toContain('hush');
  });

  it('without an id is a usage error', async () => {
    const result = await runCliIn(testEnvironment(), ['client', 'add', 'https://as.example']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });
});

it('the URL of a client ID metadata document is a client id', async () => {
  const server = await pool.start({
    metadata: (metadata) => ({ ...metadata, client_id_metadata_document_supported: true }),
  });
  const environment = testEnvironment({
    browser: async (url) => {
      await server.browse(url);
    },
  });
  const clientId = 'https://me.example/client.json';
  const result = await runCliIn(environment, ['login', server.issuer, '--client-id', clientId]);
  expect(result.exitCode, result.stderr).toBe(0);
  expect(lastRequest(server, '/token').body.get('client_id')).toBe(clientId);
  const { stdout } = await runCliIn(environment, ['discover', server.issuer]);
  expect(stdout).toContain('client id as URL  true');
});

describe('redirect URIs', () => {
  it('a fixed port is registered with it, for servers that compare exactly, and used again', async () => {
    const server = await pool.start();
    const port = 31_000 + (process.pid % 10_000);
    const { environment } = await registered(server, ['--port', String(port)]);
    const redirectUri = (
      JSON.parse(lastRequest(server, '/register').text) as {
        redirect_uris: string[];
      }
    ).redirect_uris[0]!;
    expect(redirectUri).toContain(`http://127.0.0.1:${port}/cb/`);
    const login = await runCliIn(environment, ['login', '--profile', 'work']);
    expect(login.exitCode, login.stderr).toBe(0);
    expect(lastRequest(server, '/token').body.get('redirect_uri')).toBe(redirectUri);
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
  });

  it.each([
    'http://localhost:8400/cb',
    'http://127.0.0.1/cb',
    'http://192.0.2.1:8400/cb',
    'https://127.0.0.1:8400/cb',
    'http://127.0.0.1:8400/cb?x',
    'http://127.0.0.1:8400/../cb',
    'cb',
  ])('--redirect-uri %s is a usage error', async (uri) => {
    const server = await pool.start();
    const { result } = await registered(server, ['--redirect-uri', uri]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it('REG-12: a registration for another redirect URI is not used again', async () => {
    const server = await pool.start();
    const { environment } = await registered(server);
    const port = 42_000 + (process.pid % 10_000);
    const uri = `http://127.0.0.1:${port}/other`;
    const login = await runCliIn(environment, [
      'login',
      '--profile',
      'work',
      '--redirect-uri',
      uri,
    ]);
    expect(login.exitCode, login.stderr).toBe(0);
    expect(JSON.parse(lastRequest(server, '/register').text)).toMatchObject({
      redirect_uris: [uri],
    });
  });
});

describe('client show and update', () => {
  it('REG-05, REG-07: reads with the registration access token, and stores what was rotated', async () => {
    const server = await startServer();
    const { environment } = await registered(server);
    expect(clientSecrets(environment)).toMatchObject({
      clientSecret: 'secret-1',
      registrationAccessToken: 'rat-1',
    });
    const shown = await runCliIn(environment, ['client', 'show', 'work', '--json']);
    expect(shown.exitCode, shown.stderr).toBe(0);
    const request = lastRequest(server, '/clients/1');
    expect(request.headers.authorization).toBe('Bearer rat-1');
    expect(request.method).toBe('GET');
    expect(clientSecrets(environment)).toMatchObject({
      clientSecret: 'secret-2',
      registrationAccessToken: 'rat-2',
    });
    expect(shown.stdout).toContain('"registration":{');
    expect(shown.stdout + shown.stderr).not.toMatch(/secret-\d|rat-\d/);
  });

  it('REG-09: an update sends all fields but those of the registration itself', async () => {
    const server = await startServer();
    const { environment } = await registered(server);
    const result = await runCliIn(environment, ['client', 'update', 'work', '--name', 'New']);
    expect(result.exitCode, result.stderr).toBe(0);
    const put = lastRequest(server, '/clients/1');
    expect(put.method).toBe('PUT');
    expect(put.headers.authorization).toBe('Bearer rat-2');
    const sent = JSON.parse(put.text) as Json;
    expect(sent).toMatchObject({ client_name: 'New', application_type: 'native' });
    expect(sent['client_id']).toMatch(/^client-/);
    expect(Object.keys(sent)).not.toEqual(
      expect.arrayContaining([expect.stringMatching(/^registration_|secret|issued_at/)]),
    );
    expect(clientSecrets(environment)).toMatchObject({ registrationAccessToken: 'rat-3' });
  });

  it.each<[string, Manage]>([
    [
      'REG-08: another client id',
      (_request, body) => ({ status: 200, body: { ...body, client_id: 'x' } }),
    ],
    [
      'REG-03: other redirect URIs',
      (_request, body) => ({ status: 200, body: { ...body, redirect_uris: [] } }),
    ],
    ['REG-01: no client id', () => ({ status: 200, body: {} })],
    ['a refusal', () => ({ status: 401, body: { error: 'invalid_token' } })],
  ])('%s changes nothing here', async (_title, manage) => {
    const server = await startServer(manage);
    const { environment } = await registered(server);
    const before = [clientSecrets(environment), configurationOf(environment)];
    const result = await runCliIn(environment, ['client', 'update', 'work', '--name', 'New']);
    expect([5, 6], result.stderr).toContain(result.exitCode);
    expect([clientSecrets(environment), configurationOf(environment)]).toEqual(before);
  });

  it('REG-06: the registration access token does not leave the server that gave it', async () => {
    const elsewhere = await pool.start();
    const server = await pool.start({
      registration: (response) => ({
        ...response,
        registration_access_token: 'rat-1',
        registration_client_uri: `${elsewhere.origin}/clients/1`,
      }),
    });
    const { environment } = await registered(server);
    for (const command of ['show', 'delete']) {
      const result = await runCliIn(environment, ['client', command, 'work']);
      expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
    }
    expect(elsewhere.requests).toEqual([]);
  });

  it('a client that cannot be managed from here says so', async () => {
    const server = await pool.start();
    const { environment } = await registered(server);
    const result = await runCliIn(environment, ['client', 'update', 'work', '--name', 'New']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    const shown = await runCliIn(environment, ['client', 'show', 'work']);
    expect(shown).toMatchObject({ exitCode: 0 });
  });
});

describe('client delete', () => {
  it('REG-10: after 204 nothing of it is left here', async () => {
    const server = await startServer();
    const { environment } = await registered(server);
    const result = await runCliIn(environment, ['client', 'delete', 'work']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(lastRequest(server, '/clients/1').method).toBe('DELETE');
    expect([...environment.secrets.keys()]).toEqual([]);
    expect(JSON.parse(configurationOf(environment))).toMatchObject({ profiles: {} });
  });

  it.each([401, 403, 500])('REG-10: after %i everything is kept', async (status) => {
    const server = await startServer(() => ({ status }));
    const { environment } = await registered(server);
    const before = [clientSecrets(environment), configurationOf(environment)];
    const result = await runCliIn(environment, ['client', 'delete', 'work']);
    expect(result, result.stderr).toMatchObject({ exitCode: 5, stdout: '' });
    expect([clientSecrets(environment), configurationOf(environment)]).toEqual(before);
  });

  it('REG-10: when the server cannot be reached everything is kept; --local deletes it here', async () => {
    const server = await startServer();
    const { environment } = await registered(server);
    await server.close();
    const result = await runCliIn(environment, ['client', 'delete', 'work']);
    expect(result, result.stderr).toMatchObject({ exitCode: 7, stdout: '' });
    expect(clientSecrets(environment)).toMatchObject({ registrationAccessToken: 'rat-1' });
    expect(await runCliIn(environment, ['client', 'delete', 'work', '--local'])).toMatchObject({
      exitCode: 0,
    });
    expect([...environment.secrets.keys()]).toEqual([]);
  });
});

describe('an expired registration', () => {
  it('REG-04: its secret is never sent; a login registers a new client', async () => {
    let now = Date.now();
    let expiresAt = Math.floor(now / 1000) + 100;
    const server = await pool.start({
      registration: (response) => ({
        ...response,
        client_secret: 'short-lived',
        client_secret_expires_at: expiresAt,
        token_endpoint_auth_method: 'client_secret_post',
      }),
    });
    const { environment } = await registered(server, [], { now: () => now });
    const login = ['login', '--profile', 'work'];
    expect((await runCliIn(environment, login)).exitCode).toBe(0);
    server.requests.length = 0;
    now += 200_000;
    expiresAt = 0;
    const token = await runCliIn(environment, ['token', '--refresh']);
    expect(token, token.stderr).toMatchObject({ exitCode: 3, stdout: '' });
    expect(token.stderr).toContain('the client registration of work has expired');
    expect(server.requests.filter(({ path }) => path === '/token')).toEqual([]);
    const again = await runCliIn(environment, login);
    expect(again.exitCode, again.stderr).toBe(0);
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
  });
});

describe('REG-13: logins at the same time', () => {
  /** Two runs that share store and home, with locks that exclude them from each other. */
  function twoRuns(server: ScriptedServer, browse: (url: string) => Promise<void>) {
    const environment = testEnvironment({ browser: browse });
    let last = Promise.resolve();
    const locks: TestEnvironment['locks'] = {
      acquire: async () => {
        const before = last;
        let release: () => void = () => undefined;
        last = new Promise((resolve) => (release = resolve));
        await before;
        return { release: async () => release() };
      },
    };
    const run = async () => {
      const one = { ...environment, locks };
      return runCliIn(one, ['login', server.issuer, '--login-timeout', '20']);
    };
    return { environment, run };
  }

  it('register one client, which both use', async () => {
    const server = await pool.start();
    const opened: string[] = [];
    let bothOpened: () => void = () => undefined;
    const both = new Promise<void>((resolve) => (bothOpened = resolve));
    const { environment, run } = twoRuns(server, async (url) => {
      opened.push(url);
      if (opened.length === 2) bothOpened();
      await both;
      await server.browse(url);
    });
    const results = await Promise.all([run(), run()]);
    expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0]);
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
    const ids = opened.map((url) => new URL(url).searchParams.get('client_id'));
    expect(new Set(ids).size).toBe(1);
    expect([...environment.secrets.keys()]).toHaveLength(1);
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
  });

  it('a login that fails leaves nothing behind', async () => {
    const server = await pool.start({
      authorization: (_good, request) =>
        new URLSearchParams({
          error: 'access_denied',
          state: request.get('state')!,
          iss: server.issuer,
        }),
    });
    const { environment, run } = twoRuns(server, async (url) => {
      await server.browse(url);
    });
    expect(await run()).toMatchObject({ exitCode: 4 });
    expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
  });
});

it('client list prints one line for each profile, without secrets', async () => {
  const server = await startServer();
  const { environment } = await registered(server);
  const text = await runCliIn(environment, ['client', 'list']);
  expect(text.stdout).toMatch(/^work {2}client-[0-9a-f-]+ {2}http:/);
  const json = await runCliIn(environment, ['client', 'list', '--json']);
  expect(JSON.parse(json.stdout)).toMatchObject({ profile: 'work', registered: true });
  expect(text.stdout + json.stdout).not.toMatch(/secret-\d|rat-\d/);
});
