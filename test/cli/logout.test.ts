// The logout command: revoke at the server, then forget.

import { afterEach, describe, expect, it } from 'vitest';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import { memoryKeychain } from '../support/environment.ts';
import {
  configurationOf,
  logInAgain,
  logInAt,
  serverPool,
  storedTokens,
} from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

async function loggedIn(script: Script = {}, argv: readonly string[] = []) {
  const server = await pool.start(script);
  return { server, environment: await logInAt(server, argv) };
}

function revocations(server: ScriptedServer) {
  return server.requests
    .filter(({ path }) => path === '/revoke')
    .map(({ body }) => [body.get('token_type_hint'), body.get('token')]);
}

/** Answers the nth revocation (from 1), or each, by hand. */
function atRevocation(
  answer: (response: Parameters<NonNullable<Script['intercept']>>[2]) => void,
  nth?: number,
): Script {
  let count = 0;
  return {
    intercept: (path, _request, response) => {
      if (path !== '/revoke') return false;
      count += 1;
      if (nth !== undefined && count !== nth) return false;
      answer(response);
      return true;
    },
  };
}

describe('logout', () => {
  it('TOK-23: revokes the refresh token, then the access token, then forgets both', async () => {
    const { server, environment } = await loggedIn();
    const [tokens] = storedTokens(environment);
    const events: string[] = [];
    const keychain = memoryKeychain(environment.secrets);
    const watched = {
      ...environment,
      keychain: {
        ...keychain,
        deletePassword: async (service: string, account: string) => {
          events.push(`${server.requests.filter(({ path }) => path === '/revoke').length} revoked`);
          return keychain.deletePassword(service, account);
        },
      },
    };
    const result = await runCliIn(watched, ['logout']);
    expect(result, result.stderr).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toBe(`✓ Logged out of ${server.issuer}: tokens revoked and forgotten\n`);
    expect(revocations(server)).toEqual([
      ['refresh_token', tokens!.refreshToken],
      ['access_token', tokens!.accessToken],
    ]);
    expect(events).toEqual(['2 revoked']);
    expect(environment.secrets.size).toBe(0);
  });

  it('keeps the profile and its client, so that the next login registers none', async () => {
    const { server, environment } = await loggedIn();
    const before = configurationOf(environment);
    await runCliIn(environment, ['logout']);
    expect(configurationOf(environment)).toBe(before);
    await runCliIn(environment, ['login', server.issuer]);
    expect(server.requests.some(({ path }) => path === '/register')).toBe(false);
    expect(storedTokens(environment)).toHaveLength(1);
  });

  it('is one JSON document with --json', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    const result = await runCliIn(environment, ['logout', '--json']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(JSON.parse(result.stdout)).toEqual({ profile: 'work', result: 'revoked' });
  });

  it('TOK-22: takes 200 as success whatever the body is', async () => {
    const { environment } = await loggedIn(
      atRevocation((response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<p>{"error":"x"}');
      }),
    );
    expect((await runCliIn(environment, ['logout'])).exitCode).toBe(0);
    expect(environment.secrets.size).toBe(0);
  });

  it('revokes the access token alone where there is no refresh token', async () => {
    const { server, environment } = await loggedIn({
      token: ({ refresh_token: _, ...response }) => response,
    });
    const [tokens] = storedTokens(environment);
    await runCliIn(environment, ['logout']);
    expect(revocations(server)).toEqual([['access_token', tokens!.accessToken]]);
  });

  it('TOK-22: says so where the server does not revoke access tokens (unsupported_token_type)', async () => {
    const { environment } = await loggedIn(
      atRevocation((response) => sendJson(response, 400, { error: 'unsupported_token_type' }), 2),
      ['--profile', 'work'],
    );
    const result = await runCliIn(environment, ['logout']);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('does not revoke access tokens, this one lives until');
    expect(environment.secrets.size).toBe(0);
  });

  it('TOK-22: but a refresh token that cannot be revoked is an error, and the tokens stay', async () => {
    const { environment } = await loggedIn(
      atRevocation((response) => sendJson(response, 400, { error: 'unsupported_token_type' }), 1),
    );
    const before = [...environment.secrets];
    const result = await runCliIn(environment, ['logout']);
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain('could not be revoked and are still valid');
    expect([...environment.secrets]).toEqual(before);
  });

  it('says so where the server has no revocation endpoint', async () => {
    const { server, environment } = await loggedIn({
      metadata: ({ revocation_endpoint: _, ...metadata }) => metadata,
    });
    const result = await runCliIn(environment, ['logout']);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('the server was not told');
    expect(revocations(server)).toEqual([]);
    expect(environment.secrets.size).toBe(0);
  });

  it.each([
    [503, '', 5],
    [500, '<h1>canary', 5],
    [401, '{"error":"invalid_client"}', 5],
    [302, '', 6],
    [204, '', 5],
  ])(
    'TOK-22: by an answer %i %j keeps the tokens and tells a way out',
    async (status, body, exitCode) => {
      const { environment } = await loggedIn(
        atRevocation((response) => {
          response.writeHead(status, { 'content-type': 'application/json' }).end(body);
        }),
        ['--profile', 'work'],
      );
      const before = [...environment.secrets];
      const result = await runCliIn(environment, ['logout']);
      expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
      expect(result.stderr).toContain(
        'error: the tokens could not be revoked and are still valid: ',
      );
      expect(result.stderr).toContain(
        'hint: try again, or forget them with oauth-cli logout --local work',
      );
      expect(result.stderr).not.toContain('canary');
      expect([...environment.secrets]).toEqual(before);
    },
  );

  it('TOK-23: keeps both tokens when only the second revocation fails', async () => {
    const { environment } = await loggedIn(
      atRevocation((response) => response.writeHead(503).end(), 2),
    );
    const before = [...environment.secrets];
    expect((await runCliIn(environment, ['logout'])).exitCode).toBe(5);
    expect([...environment.secrets]).toEqual(before);
    // And the next try goes through.
    expect((await runCliIn(environment, ['logout'])).exitCode).toBe(0);
    expect(environment.secrets.size).toBe(0);
  });

  it('from a server that is down keeps the tokens: exit 7', async () => {
    const { server, environment } = await loggedIn();
    const before = [...environment.secrets];
    await server.close();
    const result = await runCliIn(environment, ['logout']);
    expect(result).toMatchObject({ exitCode: 7, stdout: '' });
    expect(result.stderr).toContain('still valid');
    expect([...environment.secrets]).toEqual(before);
  });

  it('with --local forgets the tokens and contacts nobody', async () => {
    const { environment } = await loggedIn();
    const result = await runCliIn(environment, ['logout', '--local']);
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toContain('the server was not told, so they live until they expire');
    expect(environment.contacted).toEqual([]);
    expect(environment.secrets.size).toBe(0);
  });

  it('of one profile leaves the others alone, and --all takes every one', async () => {
    const { server, environment } = await loggedIn({}, ['--profile', 'work']);
    await logInAgain(environment, server, ['--profile', 'home']);
    await logInAgain(environment, server, ['--profile', 'play']);
    const [work, home, play] = storedTokens(environment);
    await runCliIn(environment, ['logout', 'home']);
    expect(storedTokens(environment)).toEqual([work, play]);
    expect(revocations(server).flat()).toContain(home!.refreshToken);
    const all = await runCliIn(environment, ['logout', '--all', '--json']);
    expect(all.exitCode).toBe(0);
    expect(
      all.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([
      { profile: 'work', result: 'revoked' },
      { profile: 'home', result: 'not_logged_in' },
      { profile: 'play', result: 'revoked' },
    ]);
    expect(environment.secrets.size).toBe(0);
  });

  it('a second time says that nobody was logged in, and contacts nobody', async () => {
    const { environment } = await loggedIn({}, ['--profile', 'work']);
    await runCliIn(environment, ['logout']);
    environment.contacted.length = 0;
    const result = await runCliIn(environment, ['logout']);
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toBe('Nobody was logged in (profile work)\n');
    expect(environment.contacted).toEqual([]);
  });

  it('without any profile is exit 3', async () => {
    expect(await runCli(['logout'])).toMatchObject({ exitCode: 3, stdout: '' });
    expect(await runCli(['logout', '--all'])).toMatchObject({
      exitCode: 0,
      stdout: '',
      stderr: '',
    });
  });

  it('REF-09: reads the tokens under the lock, so that those of a refresh in flight are revoked', async () => {
    const { server, environment } = await loggedIn();
    const [[key, text]] = [...environment.secrets] as [[string, string]];
    const locks = {
      acquire: async () => {
        const refreshed = { ...(JSON.parse(text) as object), refreshToken: 'the-newer-one' };
        environment.secrets.set(key, JSON.stringify(refreshed));
        return { release: async () => undefined };
      },
    };
    await runCliIn({ ...environment, locks }, ['logout']);
    expect(revocations(server)[0]).toEqual(['refresh_token', 'the-newer-one']);
    expect(environment.secrets.size).toBe(0);
  });

  it.each([
    ['client_secret_basic', /^Basic /],
    ['client_secret_post', /^undefined$/],
  ])('authenticates the client as at the token endpoint: %s', async (method, authorization) => {
    const server = await pool.start();
    const environment = await logInAt(
      server,
      ['--client-id', 'mine', '--client-secret-stdin', '--client-auth', method],
      { stdin: 'canary-secret\n' },
    );
    await runCliIn(environment, ['logout']);
    const sent = server.requests.filter(({ path }) => path === '/revoke');
    expect(sent).toHaveLength(2);
    for (const { headers, body } of sent) {
      expect(String(headers.authorization)).toMatch(authorization);
      expect(body.get('client_secret')).toBe(
        method === 'client_secret_post' ? 'canary-secret' : null,
      );
    }
  });
});
