// The status command: what is stored, without contacting anyone and without any secret.

import { afterEach, describe, expect, it } from 'vitest';
import { StoreError } from '../../src/errors.ts';
import type { Script } from '../support/authorization-server.ts';
import type { TestOptions } from '../support/environment.ts';
import {
  changeStored,
  logInAgain,
  logInAt,
  serverPool,
  storedTokens,
} from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

async function loggedIn(script: Script = {}, argv: readonly string[] = [], options?: TestOptions) {
  const server = await pool.start(script);
  return { server, environment: await logInAt(server, argv, options) };
}

describe('status', () => {
  it('tells nobody is logged in, on stderr, with exit 0', async () => {
    const result = await runCli(['status']);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain('Nobody is logged in.');
    expect(await runCli(['status', '--json'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('shows issuer, client, subject, scope, origins, expiry and store, and contacts nobody', async () => {
    const start = Date.now();
    const argv = ['--profile', 'work', '--client-id', 'mine'];
    const { server, environment } = await loggedIn(
      {},
      [...argv, '--allow-origin', 'https://api.example'],
      { now: () => start },
    );
    const result = await runCliIn(environment, ['status']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout).toBe(
      [
        'work (current)',
        '  token   valid, expires in 60 minutes',
        `  issuer  ${server.issuer}`,
        '  client  mine',
        '  subject alice',
        '  scope   openid offline_access',
        '  origins https://api.example',
        '  store   keychain',
        '',
      ].join('\n'),
    );
    expect(environment.contacted).toEqual([]);
  });

  it('SEC-10: is one JSON document per profile with --json, without a secret', async () => {
    const { server, environment } = await loggedIn({}, [
      '--profile',
      'work',
      '--client-id',
      'mine',
    ]);
    await logInAgain(environment, server, ['--profile', 'home', '--client-id', 'mine']);
    const result = await runCliIn(environment, ['status', '--json']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    const documents = result.stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(documents).toEqual(
      ['work', 'home'].map((profile, index) => ({
        profile,
        current: profile === 'home',
        state: 'valid',
        issuer: server.issuer,
        client_id: 'mine',
        subject: 'alice',
        scope: 'openid offline_access',
        expires_at: new Date(storedTokens(environment)[index]!.expiresAt!).toISOString(),
        refresh_token: true,
        allowed_origins: [],
        store: 'keychain',
      })),
    );
  });

  it.each([[[]], [['--json']], [['-v']], [['work']], [['work', '--json', '-v']]])(
    'SEC-09: never prints a token: %j',
    async (argv) => {
      const { environment } = await loggedIn({}, ['--profile', 'work']);
      const { accessToken, refreshToken, idToken } = storedTokens(environment)[0]!;
      const { stdout, stderr } = await runCliIn(environment, ['status', ...argv]);
      expect(stdout).not.toBe('');
      for (const token of [accessToken, refreshToken!, idToken!, idToken!.split('.')[1]!]) {
        expect(stdout + stderr).not.toContain(token.slice(0, 16));
      }
    },
  );

  const hour = 3_600_000;
  const states: [title: string, script: Script, later: number, state: string, exitCode: number][] =
    [
      ['valid', {}, 0, 'valid', 0],
      ['expired and refreshable', {}, 2 * hour, 'refreshable', 0],
      [
        'expired for good',
        { token: ({ refresh_token: _, ...response }) => response },
        2 * hour,
        'expired',
        3,
      ],
      [
        'valid without a known end',
        { token: ({ expires_in: _, ...response }) => response },
        999 * hour,
        'valid',
        0,
      ],
    ];

  it.each(states)('of a named profile that is %s', async (_t, script, later, state, exitCode) => {
    let now = Date.now();
    const { environment } = await loggedIn(script, ['--profile', 'work'], { now: () => now });
    now += later;
    const json = await runCliIn(environment, ['status', 'work', '--json']);
    expect(json.exitCode).toBe(exitCode);
    expect(JSON.parse(json.stdout)).toMatchObject({ profile: 'work', state });
    const text = await runCliIn(environment, ['status', '--profile', 'work']);
    expect(text.exitCode).toBe(exitCode);
    expect(text.stdout).toContain(
      {
        valid: '  token   valid',
        refreshable: '  token   expired 60 minutes ago, will be renewed when it is needed',
        expired: '  token   expired 60 minutes ago, log in again',
      }[state]!,
    );
    // Without a name it lists, and that succeeds.
    expect((await runCliIn(environment, ['status'])).exitCode).toBe(0);
    expect(environment.contacted).toEqual([]);
  });

  it('of a profile that has logged out is exit 3 when it is named', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    await runCliIn(environment, ['logout']);
    const named = await runCliIn(environment, ['status', 'work']);
    expect(named.exitCode).toBe(3);
    expect(named.stdout).toContain('  token   logged out');
    expect((await runCliIn(environment, ['status'])).exitCode).toBe(0);
  });

  it('of tokens that belong to another issuer is logged out', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    changeStored(environment, { issuer: 'https://evil.example' } as object);
    expect((await runCliIn(environment, ['status', 'work'])).exitCode).toBe(3);
  });

  it('of an unknown profile is a usage error that names those there are', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    const result = await runCliIn(environment, ['status', 'play']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toBe(
      'oauth-cli: error: there is no profile play\noauth-cli: hint: there is work\n',
    );
  });

  it('STORE-13: with a locked keychain is exit 8 without a prompt', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    const keychain = {
      ...environment.keychain,
      getPassword: async () => {
        throw new StoreError('locked', 'the keychain is locked');
      },
      unlock: async () => expect.unreachable(),
    };
    const broken = { ...environment, keychain };
    const named = await runCliIn(broken, ['status', 'work']);
    expect(named).toMatchObject({ exitCode: 8, stdout: '' });
    // The list tells it of that profile, and goes on with the others.
    const all = await runCliIn(broken, ['status']);
    expect(all).toMatchObject({ exitCode: 0, stderr: '' });
    expect(all.stdout).toContain('unknown: the keychain is locked');
  });
});
