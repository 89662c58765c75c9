// Profiles through the command line, and logging out of several.

import { afterEach, describe, expect, it } from 'vitest';
import type { Script } from '../support/authorization-server.ts';
import { configurationOf, logInAgain, logInAt, serverPool } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

async function twoLogins(script: Script = {}) {
  const server = await pool.start(script);
  const environment = await logInAt(server, ['--profile', 'one']);
  await logInAgain(environment, server, ['--profile', 'two']);
  return { server, environment };
}

describe('profile', () => {
  it('list marks the current one, and use makes another one that', async () => {
    const { environment } = await twoLogins();
    expect((await runCliIn(environment, ['profile', 'list'])).stdout).toMatch(
      /^ {2}one .*\n\* two /,
    );
    expect(await runCliIn(environment, ['profile', 'use', 'one'])).toMatchObject({ exitCode: 0 });
    const lines = (await runCliIn(environment, ['profile', 'list', '--json'])).stdout.trim();
    expect(lines.split('\n').map((line) => JSON.parse(line) as object)).toMatchObject([
      { profile: 'one', current: true },
      { profile: 'two', current: false },
    ]);
  });

  it('set replaces the allowed origins and refuses what is none', async () => {
    const { environment } = await twoLogins();
    const set = (origin: string) => ['profile', 'set', 'one', '--allow-origin', origin];
    expect(await runCliIn(environment, set('https://api.example/'))).toMatchObject({ exitCode: 0 });
    const shown = await runCliIn(environment, ['profile', 'show', 'one', '--json']);
    expect(JSON.parse(shown.stdout)).toMatchObject({ allowed_origins: ['https://api.example'] });
    expect(shown.stdout).not.toContain('store_key');
    const before = configurationOf(environment);
    expect(await runCliIn(environment, set('http://api.example'))).toMatchObject({ exitCode: 2 });
    expect(await runCliIn(environment, ['profile', 'set', 'one'])).toMatchObject({ exitCode: 2 });
    expect(configurationOf(environment)).toBe(before);
  });

  it('rename keeps the login and the current profile, and takes no name that is in use', async () => {
    const { environment } = await twoLogins();
    expect(await runCliIn(environment, ['profile', 'rename', 'two', '--to', 'one'])).toMatchObject({
      exitCode: 2,
    });
    expect(
      await runCliIn(environment, ['profile', 'rename', 'two', '--to', 'three']),
    ).toMatchObject({ exitCode: 0 });
    expect(JSON.parse(configurationOf(environment))).toMatchObject({ current: 'three' });
    expect((await runCliIn(environment, ['token'])).stdout).toMatch(/^access-/);
  });

  it('delete revokes and leaves nothing of the profile', async () => {
    const { server, environment } = await twoLogins();
    const result = await runCliIn(environment, ['profile', 'delete', 'one']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(server.requests.filter(({ path }) => path === '/revoke')).toHaveLength(2);
    expect(environment.secrets.size).toBe(1);
    expect(
      Object.keys((JSON.parse(configurationOf(environment)) as { profiles: object }).profiles),
    ).toEqual(['two']);
  });

  it.each(['use', 'set', 'rename', 'delete', 'show'])(
    '%s of an unknown one is a usage error',
    async (command) => {
      const { environment } = await twoLogins();
      const before = configurationOf(environment);
      const options = { set: ['--scope', 'x'], rename: ['--to', 'x'] }[command] ?? [];
      const result = await runCliIn(environment, ['profile', command, 'none', ...options]);
      expect(result, result.stderr).toMatchObject({ exitCode: 2, stdout: '' });
      expect(configurationOf(environment)).toBe(before);
    },
  );
});

describe('logout', () => {
  it('--all goes on after a failure and fails at the end', async () => {
    let isBroken = true;
    const { environment } = await twoLogins({
      intercept: (path, _request, response) => {
        if (path !== '/revoke' || !isBroken) return false;
        isBroken = false;
        response.writeHead(503).end();
        return true;
      },
    });
    const result = await runCliIn(environment, ['logout', '--all']);
    expect(result, result.stderr).toMatchObject({ exitCode: 5 });
    expect(result.stderr).toContain('warning: profile one: the tokens could not be revoked');
    expect(result.stderr).toContain('1 of 2 logouts failed');
    expect(await runCliIn(environment, ['status', 'one'])).toMatchObject({ exitCode: 0 });
    expect(await runCliIn(environment, ['status', 'two'])).toMatchObject({ exitCode: 3 });
  });

  it('OIDC-16: --end-session opens the server’s logout with the client id and no ID token', async () => {
    const server = await pool.start({
      metadata: (metadata) => ({
        ...metadata,
        end_session_endpoint: `${metadata['issuer'] as string}/logout?x=1`,
      }),
    });
    const opened: string[] = [];
    const environment = await logInAt(server, [], {
      browser: async (url) => {
        opened.push(url);
        if (url.includes('/authorize')) await server.browse(url);
      },
    });
    const result = await runCliIn(environment, ['logout', '--end-session', '--json']);
    expect(result.exitCode, result.stderr).toBe(0);
    const url = new URL(opened.at(-1)!);
    expect([...url.searchParams.keys()]).toEqual(['x', 'client_id']);
    expect(result.stderr).toContain(url.href);
    expect(JSON.parse(result.stdout)).toMatchObject({ result: 'revoked', end_session: url.href });
  });

  it.each(['javascript:alert(1)', 'http://as.example/logout', 7])(
    'DISC-08: an end_session_endpoint %j is refused before anything is revoked',
    async (endpoint) => {
      const server = await pool.start({
        metadata: (metadata) => ({ ...metadata, end_session_endpoint: endpoint }),
      });
      const environment = await logInAt(server);
      const result = await runCliIn(environment, ['logout', '--end-session']);
      expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
      expect(server.requests.filter(({ path }) => path === '/revoke')).toEqual([]);
      expect(await runCliIn(environment, ['status', '--json'])).toMatchObject({ exitCode: 0 });
    },
  );
});
