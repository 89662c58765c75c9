// Errors: one test per exit code, and the two forms in which they are told.

import { afterEach, describe, expect, it } from 'vitest';
import type { CliResult } from '../support/run-cli.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';
import { CancelledError, StoreError } from '../../src/errors.ts';
import type { Script } from '../support/authorization-server.ts';
import type { TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { logInAt, serverPool } from '../support/logged-in.ts';

const pool = serverPool();
afterEach(() => pool.close());

async function login(script: Script, argv: readonly string[] = [], options: TestOptions = {}) {
  const server = await pool.start(script);
  const environment = testEnvironment({
    browser: async (url) => {
      await server.browse(url);
    },
    ...options,
  });
  return runCliIn(environment, ['login', server.issuer, ...argv]);
}

const denied: Script = {
  authorization: (parameters) => {
    parameters.delete('code');
    parameters.set('error', 'access_denied');
    return parameters;
  },
};

const withLockedKeychain = (): TestOptions => ({
  keychain: {
    ...testEnvironment().keychain,
    probe: async () => {
      throw new StoreError('locked', 'the keychain is locked', { hint: 'unlock it' });
    },
  },
});

const buggy = (): TestOptions => ({
  now: () => {
    throw new TypeError('canary \n    at canary (canary.ts:1:1)');
  },
});

type Case = [exitCode: number, code: string, fail: (json: string[]) => Promise<CliResult>];
const cases: Case[] = [
  [
    1,
    'internal',
    async (json) => {
      const server = await pool.start();
      const environment = await logInAt(server);
      const clock = { ...environment.clock, ...{ now: buggy().now! } };
      return runCliIn({ ...environment, clock }, ['token', ...json]);
    },
  ],
  [2, 'usage', (json) => runCli(['status', 'nobody', ...json])],
  [3, 'login_required', (json) => runCli(['token', ...json])],
  [4, 'authorization_denied', (json) => login(denied, json)],
  [5, 'oauth_error', (json) => login({ registrationStatus: 400 }, json)],
  [6, 'protocol_violation', (json) => login({ metadata: () => [] }, json)],
  [7, 'network', (json) => runCli(['login', 'http://127.0.0.1:1', ...json])],
  [8, 'store_unavailable', (json) => login({}, json, withLockedKeychain())],
  [9, 'jwt_invalid', (json) => runCli(['decode', 'opaque', ...json])],
  [28, 'timeout', (json) => login({}, ['--login-timeout', '0', '--no-browser', ...json])],
  [
    129,
    'cancelled',
    (json) => login({}, json, { cancelled: AbortSignal.abort(new CancelledError('SIGHUP')) }),
  ],
  [
    130,
    'cancelled',
    (json) => login({}, json, { cancelled: AbortSignal.abort(new CancelledError('SIGINT')) }),
  ],
  [
    143,
    'cancelled',
    (json) => login({}, json, { cancelled: AbortSignal.abort(new CancelledError('SIGTERM')) }),
  ],
];

describe('EXIT-01: every failure has its exit code', () => {
  it('0: success', async () => {
    expect((await login({})).exitCode).toBe(0);
  });

  it.each(cases)('%i: %s, as text', async (exitCode, _code, fail) => {
    const result = await fail([]);
    expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
    const told = result.stderr.slice(result.stderr.indexOf('oauth-cli: error: '));
    expect(told).toMatch(/^oauth-cli: error: [^\n]*[^\n.]\n(oauth-cli: hint: [^\n]*[^\n.]\n)?$/);
    expect(result.stderr).not.toMatch(/^\s+at /m);
    expect(result.stderr).not.toContain('canary');
  });

  it.each(cases)('%i: %s, as one line of JSON with --json', async (exitCode, code, fail) => {
    const result = await fail(['--json']);
    expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
    const line = result.stderr.trimEnd().split('\n').at(-1)!;
    const document = JSON.parse(line) as { error: Record<string, string> };
    expect(Object.keys(document)).toEqual(['error']);
    expect(document.error['code']).toBe(code);
    expect(document.error['message']).toMatch(/\S/);
    expect(
      Object.keys(document.error).filter((name) => !['code', 'message', 'hint'].includes(name)),
    ).toEqual([]);
    expect(result.stderr).not.toContain('canary');
  });

  it('22: http_status', async () => {
    const api = await pool.start({
      intercept: (_path, _request, response) => {
        response.writeHead(500).end();
        return true;
      },
    });
    const server = await pool.start();
    const environment = await logInAt(server, ['--allow-origin', api.origin]);
    const text = await runCliIn(environment, ['request', '-f', api.origin]);
    expect(text).toMatchObject({ exitCode: 22, stdout: '' });
    const json = await runCliIn(environment, ['request', '-f', '--json-errors', api.origin]);
    expect(JSON.parse(json.stderr)).toEqual({
      error: { code: 'http_status', message: 'the server answered with status 500' },
    });
  });
});

describe('a bug', () => {
  async function bug(variables: Record<string, string>, argv: string[] = []) {
    const environment = await logInAt(await pool.start());
    const clock = { ...environment.clock, now: buggy().now! };
    return runCliIn({ ...environment, variables, clock }, ['token', ...argv]);
  }

  it('SEC-04: is told by its kind alone, with what to do', async () => {
    expect(await bug({})).toMatchObject({
      exitCode: 1,
      stdout: '',
      stderr:
        'oauth-cli: error: this is a bug in oauth-cli (TypeError)\n' +
        'oauth-cli: hint: run it again with OAUTH_CLI_DEBUG=1 and report what it prints, after a look for secrets\n',
    });
  });

  it('SEC-04: shows a stack and still no message with OAUTH_CLI_DEBUG=1', async () => {
    const result = await bug({ OAUTH_CLI_DEBUG: '1' });
    expect(result.stderr).toMatch(/\nTypeError\n {4}at [^]* {4}at .*obtain-access-token/);
    expect(result.stderr).not.toContain('canary');
  });

  it('shows none with any other value', async () => {
    expect((await bug({ OAUTH_CLI_DEBUG: '0' })).stderr).not.toMatch(/\n {4}at /);
  });
});

it('SEC-06: OAUTH_CLI_DEBUG=1 shows where a library refused, and nothing of the response', async () => {
  const result = await login(
    {
      token: (response) => ({ ...response, access_token: 7, refresh_token: 'canary-refresh' }),
    },
    [],
    { variables: { OAUTH_CLI_DEBUG: '1' } },
  );
  expect(result.exitCode).toBe(6);
  expect(result.stderr).toMatch(/\nCliError\n {4}at /);
  expect(result.stderr).toContain('caused by Error\n    at ');
  expect(result.stderr).not.toContain('canary');
});

it('EXIT-03: Ctrl-C while waiting for the browser ends with 130, frees the port and stores nothing', async () => {
  const server = await pool.start();
  const cancellation = new AbortController();
  let redirectUri = '';
  const environment = testEnvironment({
    cancelled: cancellation.signal,
    browser: async (url) => {
      redirectUri = new URL(url).searchParams.get('redirect_uri')!;
      cancellation.abort(new CancelledError('SIGINT'));
    },
  });
  const result = await runCliIn(environment, ['login', server.issuer]);
  expect(result).toMatchObject({ exitCode: 130, stdout: '' });
  expect(result.stderr).toContain('oauth-cli: error: cancelled by SIGINT\n');
  await expect(fetch(redirectUri)).rejects.toThrow();
  expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
});

describe('STORE-13: a keychain that does not work', () => {
  it('is found out before the browser opens', async () => {
    let opened = 0;
    const result = await login({}, [], {
      ...withLockedKeychain(),
      browser: async () => void (opened += 1),
    });
    expect(result.exitCode).toBe(8);
    expect(opened).toBe(0);
    expect(result.environment.contacted).toEqual([]);
  });

  it('is waited for on a terminal, saying so, when it is locked', async () => {
    const locked = withLockedKeychain().keychain!;
    let isLocked = true;
    const secrets = testEnvironment().keychain;
    const keychain = {
      ...secrets,
      probe: () => (isLocked ? locked.probe() : secrets.probe()),
      unlock: async (timeout: number) => {
        expect(timeout).toBe(60_000);
        isLocked = false;
      },
    };
    const result = await login({}, [], { keychain, isTTY: true });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/^Your keychain is locked: please unlock it/);
  });

  it('is an error when it fails only at the end: nothing is stored', async () => {
    const keychain = {
      ...testEnvironment().keychain,
      setPassword: async () => {
        throw new StoreError('denied', 'the keychain refused');
      },
    };
    const result = await login({}, [], { keychain });
    expect(result).toMatchObject({ exitCode: 8, stdout: '' });
    expect(result.environment.homeFiles.size).toBe(0);
  });

  it('leaves no tokens behind when config.json cannot be written', async () => {
    const base = testEnvironment();
    const home = {
      ...base.home,
      write: async () => {
        throw new StoreError('failed', 'the disk is full');
      },
    };
    const result = await login({}, [], { home });
    expect(result.exitCode).toBe(8);
    expect(result.environment.secrets.size).toBe(0);
  });
});
