// The token command: fresh tokens from the store, stale ones through one refresh.

import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson, signJwt } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { memoryKeychain, testEnvironment } from '../support/environment.ts';
import {
  changeStored,
  configurationOf,
  expired,
  logInAt,
  serverPool,
  storedTokens,
} from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

type Json = Record<string, unknown>;

const pool = serverPool();
afterEach(() => pool.close());

async function loggedIn(script: Script = {}, argv: readonly string[] = [], options?: TestOptions) {
  const server = await pool.start(script);
  const environment = await logInAt(server, argv, options);
  return { server, environment };
}

/** Its access tokens live shorter than the default --min-ttl, so that each `token` refreshes. */
const shortLived: Script = { token: (response) => ({ ...response, expires_in: 30 }) };

function refreshes(server: ScriptedServer) {
  return server.requests.filter(({ path }) => path === '/token');
}

/** Answers the refresh by hand; the code exchange goes on as usual. */
function atRefresh(answer: NonNullable<Script['intercept']>): Script {
  return {
    ...shortLived,
    intercept: (path, request, response) =>
      path === '/token' && request.body.get('grant_type') === 'refresh_token'
        ? answer(path, request, response)
        : false,
  };
}

function answerRefresh(status: number, body: unknown): Script {
  return atRefresh((_path, _request, response) => {
    sendJson(response, status, body);
    return true;
  });
}

describe('a token that is still fresh', () => {
  it('is printed with a newline and nothing else, and nobody is contacted', async () => {
    const { environment } = await loggedIn();
    const result = await runCliIn(environment, ['token']);
    const [stored] = storedTokens(environment);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: `${stored!.accessToken}\n` });
    expect(environment.contacted).toEqual([]);
  });

  it('REF-16: is read without a lock', async () => {
    const { environment } = await loggedIn();
    const locks = { acquire: async () => expect.unreachable() };
    const result = await runCliIn({ ...environment, locks }, ['token']);
    expect(result.exitCode).toBe(0);
  });

  it('is a header with --header', async () => {
    const { environment } = await loggedIn();
    const result = await runCliIn(environment, ['token', '--header']);
    expect(result.stdout).toBe(
      `Authorization: Bearer ${storedTokens(environment)[0]!.accessToken}\n`,
    );
  });

  it('is one JSON document with --json', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    const result = await runCliIn(environment, ['token', '--json']);
    expect(result.stderr).toBe('');
    expect(JSON.parse(result.stdout)).toEqual({
      access_token: storedTokens(environment)[0]!.accessToken,
      token_type: 'Bearer',
      expires_at: new Date(storedTokens(environment)[0]!.expiresAt!).toISOString(),
      scope: 'openid offline_access',
      profile: 'work',
    });
  });

  it('is the ID token with --id-token, also with --json', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    const { idToken } = storedTokens(environment)[0]!;
    expect((await runCliIn(environment, ['token', '--id-token'])).stdout).toBe(`${idToken!}\n`);
    const json = await runCliIn(environment, ['token', '--id-token', '--json']);
    expect(JSON.parse(json.stdout)).toEqual({ id_token: idToken, profile: 'work' });
  });

  it('is missing with --id-token where OpenID Connect was not asked for', async () => {
    const { environment } = await loggedIn({
      metadata: (metadata) => ({ ...metadata, scopes_supported: [] }),
      token: ({ id_token: _, ...response }) => response,
    });
    const result = await runCliIn(environment, ['token', '--id-token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toContain('this login has no ID token');
  });

  it.each([
    [['token', 'work'], {}],
    [['token', '--profile', 'work'], {}],
    [['token'], { OAUTH_CLI_PROFILE: 'work' }],
    [['token', 'work'], { OAUTH_CLI_PROFILE: 'home' }],
  ])('is that of the profile named: %j %j', async (argv, variables) => {
    const { server, environment } = await loggedIn({}, ['--profile', 'work']);
    const [work] = storedTokens(environment);
    const login = await runCliIn(environment, ['login', server.issuer, '--profile', 'home']);
    expect(login.exitCode).toBe(0);
    const result = await runCliIn({ ...environment, variables }, argv);
    expect(result.stdout).toBe(`${work!.accessToken}\n`);
    // Without a name it is the current one, which is the last login's.
    const current = await runCliIn(environment, ['token']);
    expect(current.stdout).not.toBe(`${work!.accessToken}\n`);
  });

  it('is still printed when it lives less than --min-ttl and there is no refresh token', async () => {
    const { environment } = await loggedIn({
      token: ({ refresh_token: _, ...response }) => ({ ...response, expires_in: 30 }),
    });
    const result = await runCliIn(environment, ['token']);
    expect(result.stdout).toBe(`${storedTokens(environment)[0]!.accessToken}\n`);
    expect(environment.contacted).toEqual([]);
  });

  it('is one without a known expiry, too', async () => {
    const { environment } = await loggedIn({
      token: ({ expires_in: _, ...response }) => response,
    });
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
    expect(environment.contacted).toEqual([]);
  });
});

describe('a refresh', () => {
  it('happens once, and its tokens replace the old ones', async () => {
    const { server, environment } = await loggedIn(shortLived);
    const [before] = storedTokens(environment);
    const result = await runCliIn(environment, ['token']);
    const [after] = storedTokens(environment);
    expect(result).toMatchObject({ exitCode: 0, stderr: '', stdout: `${after!.accessToken}\n` });
    expect(after!.accessToken).not.toBe(before!.accessToken);
    expect(after!.refreshToken).not.toBe(before!.refreshToken);
    expect(refreshes(server)).toHaveLength(1);
    expect(Object.fromEntries(refreshes(server)[0]!.body)).toMatchObject({
      grant_type: 'refresh_token',
      refresh_token: before!.refreshToken,
    });
  });

  it('REF-01: stores the rotated tokens before the access token is printed', async () => {
    const { environment } = await loggedIn(shortLived);
    const events: string[] = [];
    const keychain = memoryKeychain(environment.secrets);
    const watched: TestEnvironment = {
      ...environment,
      keychain: {
        ...keychain,
        setPassword: async (...item) => {
          await keychain.setPassword(...item);
          events.push('stored');
        },
      },
      stdout: { ...environment.stdout, write: async () => void events.push('printed') },
    };
    expect((await runCliIn(watched, ['token'])).exitCode).toBe(0);
    expect(events).toEqual(['stored', 'printed']);
  });

  it('REF-01: prints nothing when the rotated tokens cannot be stored', async () => {
    const { environment } = await loggedIn(shortLived);
    const keychain = {
      ...memoryKeychain(environment.secrets),
      setPassword: async () => {
        throw new StoreError('failed', 'the keychain refused');
      },
    };
    const result = await runCliIn({ ...environment, keychain }, ['token']);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
  });

  it('REF-02: keeps the refresh token when the server sends no new one', async () => {
    const { environment } = await loggedIn({
      token: (response) => ({ ...response, expires_in: 30 }),
      ...answerRefresh(200, { access_token: 'second', token_type: 'Bearer', expires_in: 30 }),
    });
    const [before] = storedTokens(environment);
    const result = await runCliIn(environment, ['token']);
    expect(result.stdout).toBe('second\n');
    expect(storedTokens(environment)[0]).toMatchObject({
      accessToken: 'second',
      refreshToken: before!.refreshToken,
      idToken: before!.idToken,
      subject: 'alice',
    });
  });

  it('happens in any case with --refresh', async () => {
    const { server, environment } = await loggedIn();
    const [before] = storedTokens(environment);
    const result = await runCliIn(environment, ['token', '--refresh']);
    expect(refreshes(server)).toHaveLength(1);
    expect(result.stdout).not.toContain(before!.accessToken);
  });

  it.each([
    ['3000', 0],
    ['3599', 0],
    ['3700', 1],
    ['0', 0],
  ])('with --min-ttl %s of 3600 s happens %i times', async (seconds, count) => {
    const { server, environment } = await loggedIn({}, [], { now: () => fixed });
    const result = await runCliIn(environment, ['token', '--min-ttl', seconds]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(refreshes(server)).toHaveLength(count);
  });
  const fixed = Date.now();

  it('REF-12: happens once per command, also when the new token is no better', async () => {
    const { server, environment } = await loggedIn(shortLived);
    expect((await runCliIn(environment, ['token', '--min-ttl', '3000'])).exitCode).toBe(0);
    expect(refreshes(server)).toHaveLength(1);
  });

  it('needs a refresh token with --refresh', async () => {
    const { environment } = await loggedIn({
      token: ({ refresh_token: _, ...response }) => response,
    });
    const result = await runCliIn(environment, ['token', '--refresh']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toContain('there is no refresh token');
    expect(environment.contacted).toEqual([]);
  });

  it('REF-03: sends the refresh token to the issuer that issued it, and to nobody else', async () => {
    const { environment } = await loggedIn(shortLived);
    const other = await pool.start();
    changeStored(environment, { issuer: other.issuer } as Json);
    const result = await runCliIn(environment, ['token']);
    expect(result.exitCode).toBe(3);
    expect(environment.contacted).toEqual([]);
  });

  it('STORE-12: nor are the tokens of another client used', async () => {
    const { environment } = await loggedIn(shortLived);
    changeStored(environment, { clientId: 'other' } as Json);
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(3);
    expect(environment.contacted).toEqual([]);
  });

  it('AUTHZ-14: repeats the resource indicators of the login', async () => {
    const { server, environment } = await loggedIn(shortLived, [
      '--resource',
      'https://a.example/',
      '--resource',
      'https://b.example/x',
    ]);
    await runCliIn(environment, ['token']);
    expect(refreshes(server)[0]!.body.getAll('resource')).toEqual([
      'https://a.example/',
      'https://b.example/x',
    ]);
  });

  it('REF-05: uses what another process has stored while this one waited for the lock', async () => {
    const { environment } = await loggedIn(shortLived);
    const locks = {
      acquire: async () => {
        changeStored(environment, {
          accessToken: 'theirs',
          refreshToken: 'their-refresh',
          expiresAt: Date.now() + 3_600_000,
        });
        return { release: async () => undefined };
      },
    };
    const result = await runCliIn({ ...environment, locks }, ['token']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'theirs\n' });
    expect(environment.contacted).toEqual([]);
  });

  it('REF-09: does not bring back a login that another process ended meanwhile', async () => {
    const { environment } = await loggedIn(shortLived);
    const locks = {
      acquire: async () => {
        environment.secrets.clear();
        return { release: async () => undefined };
      },
    };
    const result = await runCliIn({ ...environment, locks }, ['token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(environment.contacted).toEqual([]);
    expect(environment.secrets.size).toBe(0);
  });

  it.each([
    ['succeeds', shortLived, 0],
    ['fails', answerRefresh(500, {}), 5],
  ])(
    'REF-15: holds the lock of its own profile, and frees it when it %s',
    async (_t, script, exitCode) => {
      const { environment } = await loggedIn(script);
      const events: string[] = [];
      const locks = {
        acquire: async (name: string) => {
          events.push(`acquire ${name}`);
          return { release: async () => void events.push('release') };
        },
      };
      const result = await runCliIn({ ...expired(environment), locks }, ['token']);
      expect(result.exitCode).toBe(exitCode);
      const { profiles } = JSON.parse(configurationOf(environment)) as {
        profiles: Record<string, { store_key: string }>;
      };
      const [profile] = Object.values(profiles);
      expect(events).toEqual([`acquire tokens-${profile!.store_key}`, 'release']);
    },
  );
});

describe('a refresh that fails', () => {
  it('REF-06: with invalid_grant ends the login: exit 3, and the tokens are deleted', async () => {
    const { environment } = await loggedIn(
      answerRefresh(400, { error: 'invalid_grant', error_description: 'reused' }),
    );
    const result = await runCliIn(environment, ['token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toContain('no longer accepts its refresh token');
    expect(result.stderr).toMatch(/hint: oauth-cli login --profile /);
    expect(storedTokens(environment)).toEqual([]);
    // The profile and its client stay for the next login.
    expect(configurationOf(environment)).toContain('client_id');
  });

  it('REF-06: with invalid_grant keeps and uses a token set that was stored meanwhile', async () => {
    let meanwhile: () => void = () => expect.unreachable();
    const { environment } = await loggedIn(
      atRefresh((_path, _request, response) => {
        meanwhile();
        sendJson(response, 400, { error: 'invalid_grant' });
        return true;
      }),
    );
    meanwhile = () =>
      changeStored(environment, {
        accessToken: 'theirs',
        refreshToken: 'their-refresh',
        expiresAt: Date.now() + 3_600_000,
      });
    const result = await runCliIn(environment, ['token']);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'theirs\n' });
    expect(storedTokens(environment)[0]).toMatchObject({ refreshToken: 'their-refresh' });
  });

  const answers: [title: string, status: number, body: unknown, exitCode: number][] = [
    ['500 with HTML', 500, '<h1>canary', 5],
    ['503 with JSON', 503, { error: 'temporarily_unavailable' }, 5],
    ['429', 429, { error: 'slow_down' }, 5],
    ['400 invalid_client', 400, { error: 'invalid_client' }, 5],
    ['400 invalid_scope', 400, { error: 'invalid_scope' }, 5],
    ['401 without a body', 401, '', 5],
    ['400 with Invalid_Grant in other case', 400, { error: 'Invalid_Grant' }, 5],
    ['500 with invalid_grant in the description', 500, { error_description: 'invalid_grant' }, 5],
    ['no access token', 200, { token_type: 'Bearer' }, 6],
    ['an empty access token', 200, { access_token: '', token_type: 'Bearer' }, 6],
    ['another token type', 200, { access_token: 'x', token_type: 'mac' }, 6],
    ['a bad expires_in', 200, { access_token: 'x', token_type: 'Bearer', expires_in: '1e9' }, 6],
    ['an array', 200, [], 6],
  ];

  it.each(answers)(
    'TOK-02, TOK-08: by %s keeps the login',
    async (_title, status, body, exitCode) => {
      const { server, environment } = await loggedIn(answerRefresh(status, body));
      const late = expired(environment);
      const before = [...environment.secrets];
      const result = await runCliIn(late, ['token']);
      expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
      expect(result.stderr).not.toContain('canary');
      expect([...environment.secrets]).toEqual(before);
      const mayPass = status >= 500 || status === 429;
      expect(refreshes(server)).toHaveLength(mayPass ? 3 : 1);
    },
  );

  it.each([301, 302, 303, 307, 308])(
    'TOK-01: by a %i keeps the login, and the refresh token goes nowhere else',
    async (status) => {
      const other = await pool.start();
      const { environment } = await loggedIn(
        atRefresh((_path, _request, response) => {
          response.writeHead(status, { location: `${other.origin}/token` }).end();
          return true;
        }),
      );
      const before = [...environment.secrets];
      expect((await runCliIn(environment, ['token'])).exitCode).toBe(6);
      expect([...environment.secrets]).toEqual(before);
      expect(other.requests).toEqual([]);
    },
  );

  it('by a connection that breaks keeps the login: exit 7', async () => {
    const { environment } = await loggedIn(
      atRefresh((_path, _request, response) => {
        response.destroy();
        return true;
      }),
    );
    const late = expired(environment);
    const before = [...environment.secrets];
    const result = await runCliIn(late, ['token']);
    expect(result).toMatchObject({ exitCode: 7, stdout: '' });
    expect([...environment.secrets]).toEqual(before);
  });

  it('by a server that is down keeps the login: exit 7', async () => {
    const { server, environment } = await loggedIn(shortLived);
    const late = expired(environment);
    const before = [...environment.secrets];
    await server.close();
    const result = await runCliIn(late, ['token']);
    expect(result).toMatchObject({ exitCode: 7, stdout: '' });
    expect([...environment.secrets]).toEqual(before);
  });

  it('NET-07: a fresh token is printed also while the server is down', async () => {
    const { server, environment } = await loggedIn();
    await server.close();
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
  });
});

describe('the ID token of a refresh', () => {
  const cases: [title: string, change: Json, exitCode: number][] = [
    ['REF-11: for another subject', { sub: 'mallory' }, 6],
    ['REF-11: of another issuer', { iss: 'https://evil.example' }, 6],
    ['REF-11: for another client', { aud: 'other' }, 6],
    ['REF-11: with another nonce', { nonce: 'other' }, 6],
    ['REF-11: without a subject', { sub: undefined }, 6],
    ['REF-11: that has expired', { exp: 1 }, 6],
    ['REF-11: without a nonce', {}, 0],
  ];

  it.each(cases)(
    '%s: exit code by the check, and a refused one changes nothing',
    async (_title, change, exitCode) => {
      let bend: Json = {};
      const { environment } = await loggedIn({
        ...shortLived,
        idTokenClaims: (claims) => ({ ...claims, ...bend }),
      });
      const before = [...environment.secrets];
      bend = change;
      const result = await runCliIn(environment, ['token']);
      expect(result.exitCode, result.stderr).toBe(exitCode);
      if (exitCode === 0) return;
      expect(result.stdout).toBe('');
      expect([...environment.secrets]).toEqual(before);
    },
  );

  it('REF-11: may repeat the nonce of the login', async () => {
    let nonce: unknown;
    const { environment } = await loggedIn({
      ...shortLived,
      idTokenClaims: (claims) => {
        nonce ??= claims['nonce'];
        return { ...claims, nonce };
      },
    });
    const result = await runCliIn(environment, ['token']);
    expect(nonce).toMatch(/^[\w-]{43}$/);
    expect(result.exitCode, result.stderr).toBe(0);
  });

  it('OIDC-07: with a signature by another key is refused', async () => {
    const stranger = await pool.start();
    let forge = false;
    const { environment, server } = await loggedIn({
      ...shortLived,
      idToken: (jwt) => {
        if (!forge) return jwt;
        const claims = JSON.parse(Buffer.from(jwt.split('.')[1]!, 'base64url').toString()) as Json;
        return signJwt(stranger.privateKey, { alg: 'ES256', kid: 'k1' }, claims);
      },
    });
    const before = [...environment.secrets];
    forge = true;
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(6);
    expect([...environment.secrets]).toEqual(before);
    expect(refreshes(server)).toHaveLength(1);
  });
});

describe('no usable login', () => {
  it('is exit 3 with the way to one', async () => {
    const result = await runCli(['token']);
    expect(result).toMatchObject({
      exitCode: 3,
      stdout: '',
      stderr: 'oauth-cli: error: nobody is logged in\noauth-cli: hint: oauth-cli login <issuer>\n',
    });
  });

  it('is exit 3 after a logout, and names the profile', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    await runCliIn(environment, ['logout']);
    const result = await runCliIn(environment, ['token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(result.stderr).toContain('nobody is logged in (profile work)');
    expect(result.stderr).toContain('hint: oauth-cli login --profile work http://127.0.0.1:');
  });

  it('is exit 3 when the access token has expired and there is no refresh token', async () => {
    let now = Date.now();
    const { environment } = await loggedIn(
      { token: ({ refresh_token: _, ...response }) => response },
      [],
      { now: () => now },
    );
    now += 3_600_001;
    const result = await runCliIn(environment, ['token']);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    expect(environment.contacted).toEqual([]);
  });

  it.each(['locked', 'missing', 'timed_out'] as const)(
    'STORE-13: is exit 8 without a prompt when the keychain is %s, also on a terminal',
    async (reason) => {
      const { environment } = await loggedIn();
      const broken = async () => {
        throw new StoreError(reason, `the keychain is ${reason}`, { hint: 'unlock it' });
      };
      const keychain = {
        getPassword: broken,
        setPassword: broken,
        deletePassword: broken,
        findCredentials: broken,
        probe: broken,
        unlock: async () => expect.unreachable(),
      };
      const onTerminal = testEnvironment({ isTTY: true, keychain, home: environment.home });
      const result = await runCliIn(onTerminal, ['token']);
      expect(result).toMatchObject({ exitCode: 8, stdout: '' });
      expect(result.stderr).toContain(`error: the keychain is ${reason}`);
      expect(result.stderr).toContain('hint: unlock it');
    },
  );

  it('STORE-09: is exit 8 when the stored tokens are damaged, and they stay', async () => {
    const { environment } = await loggedIn();
    const [[key] = ['']] = [...environment.secrets];
    environment.secrets.set(key, '{"version":1,"accessToken":"canary');
    const result = await runCliIn(environment, ['token']);
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.stderr).not.toContain('canary');
    expect(environment.secrets.size).toBe(1);
  });
});

it('a server that does not answer is exit 28, and the login is kept', async () => {
  const silent = createServer();
  await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
  try {
    const { port } = silent.address() as AddressInfo;
    const { environment } = await loggedIn(shortLived);
    const late = expired(environment);
    const before = [...environment.secrets];
    const http = {
      send: (request: Parameters<typeof environment.http.send>[0]) =>
        environment.http.send({
          ...request,
          url: new URL(request.url.pathname, `http://127.0.0.1:${port}`),
          timeout: 200,
        }),
    };
    const result = await runCliIn({ ...late, http }, ['token']);
    expect(result).toMatchObject({ exitCode: 28, stdout: '' });
    expect([...environment.secrets]).toEqual(before);
  } finally {
    silent.close();
  }
});
