// The decode command: a JWT's header and claims, marked as not verified.

import { afterEach, describe, expect, it } from 'vitest';
import { logInAt, serverPool, storedTokens } from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

function encode(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return Buffer.from(text).toString('base64url');
}

function jwt(claims: unknown, header: unknown = { alg: 'ES256', kid: 'k1' }): string {
  return `${encode(header)}.${encode(claims)}.c2ln`;
}

const now = Date.parse('2026-11-03T10:00:00Z');
const simple = jwt({ sub: 'alice', exp: now / 1000 + 3600 });
const bell = '\u0007';

describe('decode', () => {
  it('JWT-19: shows header and claims, says NOT VERIFIED on stderr, and contacts nobody', async () => {
    const result = await runCli(['decode', simple], { now: () => now });
    expect(result.exitCode).toBe(0);
    expect(result.stderr).toBe('NOT VERIFIED: anybody could have written this\n');
    expect(result.stdout).toContain('expires in 60 minutes');
    expect(result.stdout).toContain('alg  "ES256"');
    expect(result.stdout).toContain('sub  "alice"');
    expect(result.environment.contacted).toEqual([]);
  });

  it('JWT-19: with --json prints one document that says verified: false, and nothing on stderr', async () => {
    const result = await runCli(['decode', '--json', simple]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    expect(result.stdout.endsWith('}\n')).toBe(true);
    expect(JSON.parse(result.stdout)).toEqual({
      header: { alg: 'ES256', kid: 'k1' },
      payload: { sub: 'alice', exp: now / 1000 + 3600 },
      signature: 'c2ln',
      verified: false,
    });
  });

  it('JWT-20: escapes controls in text and as \\u00XX in JSON', async () => {
    const token = jwt({ sub: `a\u001b[31mb\u009bc\u202ed\u0000${bell}` }, { alg: `x\u001b]0;t` });
    const text = await runCli(['decode', token]);
    expect(text.exitCode).toBe(0);
    expect(text.stdout).toMatch(/^[\x20-\x7e\n]+$/);
    const json = await runCli(['decode', '--json', token]);
    expect(json.stdout).toMatch(/^[\x20-\x7e]+\n$/);
    expect(json.stdout).toContain('\\u001b');
    expect(json.stdout).toContain('\\u009b');
    expect(json.stdout).toContain('\\u202e');
    expect(JSON.parse(json.stdout)).toMatchObject({
      payload: { sub: `a\u001b[31mb\u009bc\u202ed\u0000${bell}` },
    });
  });

  it('keeps a member named __proto__ in --json and changes no prototype', async () => {
    const result = await runCli(['decode', '--json', jwt('{"__proto__":{"polluted":1}}')]);
    expect(result.stdout).toContain('"__proto__":{"polluted":1}');
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it.each([
    ['-', ['decode', '-']],
    ['a pipe', ['decode']],
  ])('reads one token per line from stdin with %s', async (_title, argv) => {
    const stdin = `${simple}\r\n\n  ${jwt({ sub: 'bob' })}\n`;
    const text = await runCli(argv, { stdin });
    expect(text.exitCode).toBe(0);
    expect(text.stderr).toBe('NOT VERIFIED: anybody could have written this\n');
    expect(text.stdout).toMatch(/"alice"[^]*\n\n[^]*"bob"/);
    const json = await runCli([...argv, '--json'], { stdin });
    const subjects = json.stdout
      .trimEnd()
      .split('\n')
      .map((line) => (JSON.parse(line) as { payload: { sub: string } }).payload.sub);
    expect(subjects).toEqual(['alice', 'bob']);
  });

  it.each(['', '\n\n'])('is exit 9 when there is no token on stdin: %j', async (stdin) => {
    const result = await runCli(['decode', '-'], { stdin });
    expect(result).toMatchObject({ exitCode: 9, stdout: '' });
    expect(result.stderr).toBe('oauth-cli: error: there is no token on stdin\n');
  });

  it('is exit 9 when stdin is not text', async () => {
    const result = await runCli(['decode', '-'], { stdin: '\ufffd'.repeat(3) });
    expect(result).toMatchObject({ exitCode: 9, stdout: '' });
  });

  const noJwts: [title: string, token: string][] = [
    ['opaque', 'canary-opaque'],
    ['two parts', `${encode({ alg: 'none' })}.${encode({})}`],
    ['five parts', 'a.b.c.d.e'],
    ['JWT-05: six parts', 'a.b.c.d.e.f'],
    ['JWT-05: the JSON serialization', '{"payload":"canary"}'],
    ['JWT-04: padding', `${simple}=`],
    ['JWT-04: a blank inside', simple.replace('.', '. ')],
    ['JWT-06: a claim twice', `${encode('{"alg":"none"}')}.${encode('{"a":1,"a":2}')}.`],
    ['JWT-22: deep nesting', jwt(`${'{"a":'.repeat(100)}1${'}'.repeat(100)}`)],
    ['claims that are an array', jwt([])],
    ['JWT-15: a very long token', `${'a'.repeat(300_000)}.b.c`],
    ['no token at all', ''],
  ];

  it.each(noJwts)('%s is exit 9, without repeating it', async (_title, token) => {
    const result = await runCli(['decode', '--', token]);
    expect(result, result.stderr).toMatchObject({ exitCode: 9, stdout: '' });
    expect(result.stderr).toMatch(/^oauth-cli: error: [^\n]+\n/);
    expect(result.stderr).not.toContain('canary');
  });

  it('shows the stored access token, or the ID token with --id-token, of a profile', async () => {
    const accessToken = jwt({ scope: 'read' });
    const server = await pool.start({
      token: (response) => ({ ...response, access_token: accessToken }),
    });
    const environment = await logInAt(server, ['--profile', 'work']);
    const access = await runCliIn(environment, ['decode', '--json']);
    expect(JSON.parse(access.stdout)).toMatchObject({ payload: { scope: 'read' } });
    const id = await runCliIn(environment, ['decode', '--json', '--profile', 'work', '--id-token']);
    expect(JSON.parse(id.stdout)).toMatchObject({ payload: { sub: 'alice' } });
    expect(environment.contacted).toEqual([]);
  });

  it('TOK-11: shows an expired stored token without refreshing it', async () => {
    const server = await pool.start({
      token: (response) => ({ ...response, access_token: simple, expires_in: 0 }),
    });
    const environment = await logInAt(server);
    expect((await runCliIn(environment, ['decode', '--json'])).exitCode).toBe(0);
    expect(environment.contacted).toEqual([]);
    expect(storedTokens(environment)[0]!.accessToken).toBe(simple);
  });

  it('with a profile named reads no stdin', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--profile', 'work'], { stdin: 'never read' });
    const result = await runCliIn(environment, ['decode', '--profile', 'work', '--id-token']);
    expect(result.exitCode, result.stderr).toBe(0);
  });

  it('of an opaque stored access token is exit 9', async () => {
    const environment = await logInAt(await pool.start());
    const result = await runCliIn(environment, ['decode']);
    expect(result.exitCode).toBe(9);
    expect(result.stderr).toContain('not a JWT but opaque');
    expect(result.stderr).not.toContain(storedTokens(environment)[0]!.accessToken.slice(0, 12));
  });

  it('without a token, a pipe or a login is exit 3', async () => {
    expect(await runCli(['decode'])).toMatchObject({ exitCode: 3, stdout: '' });
  });

  it('is exit 3 after a logout, and where there is no ID token', async () => {
    const environment = await logInAt(
      await pool.start({
        metadata: (metadata) => ({ ...metadata, scopes_supported: [] }),
        token: ({ id_token: _, ...response }) => response,
      }),
    );
    const noIdToken = await runCliIn(environment, ['decode', '--id-token']);
    expect(noIdToken).toMatchObject({ exitCode: 3, stdout: '' });
    expect(noIdToken.stderr).toContain('this login has no ID token');
    await runCliIn(environment, ['logout', '--local']);
    const loggedOut = await runCliIn(environment, ['decode']);
    expect(loggedOut).toMatchObject({ exitCode: 3, stdout: '' });
    expect(loggedOut.stderr).toContain('nobody is logged in');
  });
});
