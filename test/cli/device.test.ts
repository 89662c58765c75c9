// The device flow (RFC 8628) and the paste prompt, through the login command. Time is the clock's, and flies.

import { afterEach, describe, expect, it } from 'vitest';
import { CliError } from '../../src/errors.ts';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { navigate, sendJson } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { serverPool } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

type Json = Record<string, unknown>;
type Answer = Json | 'timeout';

const pool = serverPool();
afterEach(() => pool.close());

const tokens: Json = { access_token: 'access-1', token_type: 'Bearer', expires_in: 3600 };

/** A server whose token endpoint gives these answers in order, the last one for good. */
async function startServer(
  answers: readonly Answer[],
  change: (device: Json) => unknown = (device) => device,
  script: Script = {},
): Promise<ScriptedServer> {
  const left = [...answers];
  return pool.start({
    ...script,
    metadata: (metadata) => ({
      ...metadata,
      device_authorization_endpoint: `${metadata['issuer'] as string}/device`,
      scopes_supported: [],
    }),
    intercept: (path, request, response) => {
      if (path === '/device') {
        const origin = `http://${request.headers.host!}`;
        sendJson(
          response,
          200,
          change({
            device_code: 'device-secret',
            user_code: 'WDJB-MJHT',
            verification_uri: `${origin}/activate`,
            verification_uri_complete: `${origin}/activate?user_code=WDJB-MJHT`,
            expires_in: 600,
            interval: 7,
          }),
        );
        return true;
      }
      if (path !== '/token' || !request.body.has('device_code')) return false;
      const answer = left.length > 1 ? left.shift()! : left[0]!;
      if (answer !== 'timeout') sendJson(response, 'error' in answer ? 400 : 200, answer);
      return true;
    },
  });
}

/** Sleeping takes no time, and the poll to which the server gives no answer times out at once. */
function timeless(options: TestOptions = {}, timeouts: readonly number[] = []) {
  const base = testEnvironment(options);
  const polls: number[] = [];
  let now = 0;
  const environment: TestEnvironment = {
    ...base,
    clock: {
      ...base.clock,
      monotonic: () => now,
      sleep: async (milliseconds, signal) => {
        signal?.throwIfAborted();
        now += milliseconds;
      },
    },
    http: {
      send: async (request) => {
        if (request.url.pathname === '/token') {
          polls.push(now / 1000);
          if (timeouts.includes(polls.length)) throw new CliError('timeout', 'no answer in time');
        }
        return base.http.send(request);
      },
    },
  };
  return { environment, polls };
}

const pending: Json = { error: 'authorization_pending' };
const login = (server: ScriptedServer, ...argv: string[]) => [
  'login',
  server.issuer,
  '--client-id',
  'me',
  ...argv,
];

describe('the device flow', () => {
  it('TOK-13: waits the interval before each poll, five seconds longer after slow_down', async () => {
    const server = await startServer([pending, { error: 'slow_down' }, pending, tokens]);
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device', '--scope', 'read'));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(polls).toEqual([7, 14, 26, 38]);
    const requests = server.requests.filter(({ path }) => path === '/device' || path === '/token');
    expect(Object.fromEntries(requests[0]!.body)).toEqual({ client_id: 'me', scope: 'read' });
    expect(Object.fromEntries(requests[1]!.body)).toEqual({
      client_id: 'me',
      device_code: 'device-secret',
      grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    });
    expect(await runCliIn(environment, ['token'])).toMatchObject({ stdout: 'access-1\n' });
  });

  it('TOK-13: errors with status 200, as GitHub has them, are errors', async () => {
    const server = await startServer([tokens]);
    const answers = [pending, tokens];
    const github = await pool.start({
      intercept: (path, _request, response) => {
        if (path !== '/token') return false;
        sendJson(response, 200, answers.shift());
        return true;
      },
    });
    const { environment, polls } = timeless();
    const endpoint = ['--endpoint', `token=${github.origin}/token`];
    const result = await runCliIn(environment, login(server, '--device', ...endpoint));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(polls).toHaveLength(2);
  });

  it('TOK-14: a time-out doubles the interval', async () => {
    const server = await startServer([pending, tokens]);
    const { environment, polls } = timeless({}, [1]);
    const result = await runCliIn(environment, login(server, '--grant', 'device_code'));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(polls).toEqual([7, 21, 35]);
  });

  it('TOK-15: polling ends when the code expires', async () => {
    const server = await startServer([pending], (device) => ({ ...device, expires_in: 20 }));
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result, result.stderr).toMatchObject({ exitCode: 28, stdout: '' });
    expect(polls).toEqual([7, 14]);
    expect(result.stderr).toContain('the code has expired');
    expect([...environment.secrets.keys()]).toEqual([]);
  });

  it.each([
    ['TOK-15', 'expired_token', 28],
    ['TOK-13', 'access_denied', 5],
    ['TOK-13', 'invalid_grant', 5],
  ])('%s: %s ends the login with exit %i after one poll', async (_row, error, exitCode) => {
    const server = await startServer([{ error }]);
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
    expect(polls).toHaveLength(1);
    expect(result.stderr).not.toContain('device-secret');
  });

  it('TOK-16: code and address are shown, with --quiet too, and no secret is', async () => {
    const server = await startServer([tokens]);
    const { environment } = timeless();
    const result = await runCliIn(environment, login(server, '--device', '--quiet'));
    expect(result.stderr).toContain(`${server.origin}/activate\n`);
    expect(result.stderr).toContain('WDJB-MJHT');
    expect(result.stderr).not.toContain('device-secret');
  });

  it('TOK-16: a terminal gets a QR code and a countdown besides', async () => {
    const server = await startServer([tokens]);
    const { environment } = timeless({ isTTY: true });
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toContain('WDJB-MJHT');
    expect(result.stderr).toMatch(/[▀▄█ ]{25}/);
    expect(result.stderr).toContain('10:00 left');
    expect(result.stderr).toContain('9:54 left');
  });

  it('TOK-18: it says what is given away, and that codes of others are not to be entered', async () => {
    const server = await startServer([tokens]);
    const { environment } = timeless();
    const result = await runCliIn(environment, login(server, '--device', '--scope', 'read'));
    expect(result.stderr).toContain('gives this computer access (read)');
    expect(result.stderr).toContain('Enter no code that somebody else sent you');
  });

  it.each<[interval: unknown, first: number]>([
    [undefined, 5],
    ['9', 5],
    [0, 1],
    [-3, 1],
    [1e9, 60],
    [2.5, 3],
  ])('TOK-17: interval %j means a first poll after %i s', async (interval, first) => {
    const server = await startServer([tokens], (device) => ({ ...device, interval }));
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(polls).toEqual([first]);
  });

  it('TOK-17: a code that claims to live for ever is given up after an hour', async () => {
    const server = await startServer([pending], (device) => ({ ...device, expires_in: 1e12 }));
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result.exitCode).toBe(28);
    expect(polls.at(-1)).toBeLessThan(3600);
  });

  it.each<[string, Json]>([
    ['no expires_in', { expires_in: undefined }],
    ['expires_in 0', { expires_in: 0 }],
    ['no device code', { device_code: undefined }],
    ['no user code', { user_code: '' }],
    ['a script as address', { verification_uri: 'javascript:alert(1)' }],
    ['a plain http address', { verification_uri: 'http://as.example/activate' }],
    ['a password in the address', { verification_uri_complete: 'https://a:b@as.example/' }],
    ['a number as address', { verification_uri: 7 }],
  ])('TOK-17, BROW-09: a response with %s is refused', async (_title, change) => {
    const server = await startServer([tokens], (device) => ({ ...device, ...change }));
    const { environment, polls } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
    expect(polls).toEqual([]);
  });

  it('TTY-06: a code with other characters than letters, digits and - is escaped, with a warning', async () => {
    const server = await startServer([tokens], (device) => ({
      ...device,
      user_code: 'AB\u001b[2J',
    }));
    const { environment } = timeless();
    const result = await runCliIn(environment, login(server, '--device'));
    expect(result.stderr).not.toContain('\u001b[2J');
    expect(result.stderr).toContain('oauth-cli: warning: the code has characters');
  });

  it('registers a client for it where there is none', async () => {
    const server = await startServer([tokens]);
    const { environment } = timeless();
    const result = await runCliIn(environment, ['login', server.issuer, '--device']);
    expect(result.exitCode, result.stderr).toBe(0);
    const registration = server.requests.find(({ path }) => path === '/register')!;
    expect(JSON.parse(registration.text)).toMatchObject({
      grant_types: [
        'authorization_code',
        'refresh_token',
        'urn:ietf:params:oauth:grant-type:device_code',
      ],
    });
  });

  it('is offered on a terminal where there is no browser', async () => {
    const server = await startServer([tokens]);
    const { environment, polls } = timeless({ isTTY: true, answers: ['y'] });
    const result = await runCliIn(environment, login(server));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(polls).toHaveLength(1);
  });

  it.each(['password', 'implicit', ''.padEnd(3, 'x')])(
    '--grant %s is a usage error',
    async (grant) => {
      const result = await runCliIn(testEnvironment(), [
        'login',
        'https://as.example',
        '--grant',
        grant,
      ]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    },
  );
});

describe('a browser on another machine', () => {
  /** A person who reads the URL from the terminal, logs in elsewhere and pastes what `answer` makes of the address. */
  function pasting(answers: readonly ((address: string) => string)[], options: TestOptions = {}) {
    const base = testEnvironment({ isTTY: true, ...options });
    const left = [...answers];
    const environment: TestEnvironment = {
      ...base,
      prompt: {
        ...base.prompt,
        ask: async () => {
          const url = /http:\S+\/authorize\?\S+/.exec(base.err())![0];
          const { location } = await navigate(url);
          return left.shift()!(location);
        },
      },
    };
    return environment;
  }

  it('LOOP-30: the pasted address of the redirect completes the login', async () => {
    const server = await pool.start();
    const environment = pasting([(address) => ` ${address} `]);
    const result = await runCliIn(environment, ['login', server.issuer, '--no-browser']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toMatch(/Logged in as .*alice/);
  });

  it.each<[string, (address: string) => string]>([
    ['a bare code', (address) => new URL(address).searchParams.get('code')!],
    ['nothing', () => ''],
    ['another path', (address) => address.replace('/cb/', '/cb/x')],
    ['another port', (address) => address.replace(/:(\d+)\//, ':1/')],
    ['another host', (address) => address.replace('127.0.0.1', '127.0.0.2')],
  ])('LOOP-30: %s is not taken, and the wait goes on', async (_title, change) => {
    const server = await pool.start();
    const environment = pasting([change, (address) => address]);
    const result = await runCliIn(environment, ['login', server.issuer, '--no-browser']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(result.stderr).toContain('paste all of it');
  });

  it.each<[string, (address: string) => string]>([
    ['the state of another login', (address) => address.replace(/state=[^&]+/, 'state=other')],
    ['a parameter twice', (address) => `${address}&code=x`],
    ['another issuer', (address) => address.replace(/iss=[^&]+/, 'iss=https%3A%2F%2Fevil.example')],
  ])('LOOP-30: a pasted address with %s is refused as at the listener', async (_title, change) => {
    const server = await pool.start();
    const environment = pasting([change]);
    const result = await runCliIn(environment, ['login', server.issuer, '--no-browser']);
    expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
    expect(server.requests.filter(({ path }) => path === '/token')).toEqual([]);
    expect([...environment.secrets.keys()]).toEqual([]);
  });

  it('over SSH the command that forwards the redirect is printed', async () => {
    const server = await pool.start();
    const environment = pasting([(address) => address], {
      variables: { SSH_CONNECTION: '203.0.113.5 50000 203.0.113.9 22', USER: 'alice' },
    });
    const result = await runCliIn(environment, ['login', server.issuer, '--no-browser']);
    expect(result.stderr).toMatch(/ssh -N -L (\d+):127\.0\.0\.1:\1 alice@203\.0\.113\.9\b/);
  });
});
