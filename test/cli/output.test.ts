// Output: no colours where there is no terminal, no raw server text anywhere, and no secret in a trace.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it } from 'vitest';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { logInAt, serverPool, storedTokens } from '../support/logged-in.ts';
import type { CliResult } from '../support/run-cli.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

const escape = '\u001b';
const esc = new RegExp(escape);

type Journey = { readonly environment: TestEnvironment; readonly results: readonly CliResult[] };

/** login, status, token, decode, an error, and logout, each with `argv` behind it. */
async function journey(
  argv: readonly string[],
  options: TestOptions = {},
  script: Script = {},
): Promise<Journey> {
  const server = await pool.start(script);
  const environment = testEnvironment({
    browser: async (url) => {
      await server.browse(url);
    },
    ...options,
  });
  const results: CliResult[] = [];
  for (const command of [
    ['login', server.issuer, '--profile', 'work'],
    ['status'],
    ['token'],
    ['decode', '--id-token'],
    ['status', 'nobody'],
    ['logout'],
  ]) {
    results.push(await runCliIn(environment, [...command, ...argv]));
  }
  expect(results.map(({ exitCode }) => exitCode)).toEqual([0, 0, 0, 0, 2, 0]);
  return { environment, results };
}

describe('colours', () => {
  const plain: [title: string, argv: string[], options: TestOptions][] = [
    ['in a pipe', [], {}],
    ['in a pipe with -v', ['-v'], {}],
    ['with NO_COLOR', [], { isTTY: true, variables: { NO_COLOR: '1' } }],
    [
      'with NO_COLOR and FORCE_COLOR',
      [],
      { isTTY: true, variables: { NO_COLOR: '1', FORCE_COLOR: '1' } },
    ],
    ['with TERM=dumb', [], { isTTY: true, variables: { TERM: 'dumb' } }],
    ['with --color=never', ['--color=never'], { isTTY: true, variables: { FORCE_COLOR: '1' } }],
  ];

  it.each(plain)('TTY-11: there is no ESC byte %s', async (_title, argv, options) => {
    const { results } = await journey(argv, options);
    for (const { stdout, stderr } of results) expect(stdout + stderr).not.toMatch(esc);
  });

  it.each([
    ['on a terminal', [], { isTTY: true }],
    ['with FORCE_COLOR', [], { variables: { FORCE_COLOR: '1' } }],
    [
      'with --color=always, which wins over NO_COLOR',
      ['--color=always'],
      { variables: { NO_COLOR: '1' } },
    ],
  ])('TTY-11: they are there %s, and the token has none', async (_title, argv, options) => {
    const { results } = await journey(argv, options);
    const [login, status, token, decoded] = results;
    expect(login!.stderr).toMatch(esc);
    expect(status!.stdout).toMatch(esc);
    expect(decoded!.stdout).toMatch(esc);
    expect(token!.stdout).toMatch(/^access-[\w-]+\n$/);
  });

  it('TTY-10: --json has none also on a terminal, and each document is one line', async () => {
    const { results } = await journey(['--json'], { isTTY: true, variables: { FORCE_COLOR: '1' } });
    for (const { stdout } of results) {
      if (stdout === '') continue;
      expect(stdout).toMatch(/^[\x20-\x7e]+\n$/);
      expect(JSON.parse(stdout)).toBeTypeOf('object');
    }
    expect(results.filter(({ stdout }) => stdout !== '')).toHaveLength(5);
  });
});

describe('-q', () => {
  it('leaves the result, the address to open and errors', async () => {
    const { results } = await journey(['-q']);
    const [login, status, token, decoded, error, logout] = results;
    expect(login!.stderr).toMatch(/^Your browser opens[^\n]+\n\n {2}http:[^\n]+\n\n$/);
    expect(status!.stdout).toContain('issuer');
    expect(token).toMatchObject({ stderr: '' });
    expect(decoded!.stderr).toBe('');
    expect(decoded!.stdout).toContain('alice');
    expect(error!.stderr).toContain('oauth-cli: error: ');
    expect(logout).toMatchObject({ stdout: '', stderr: '' });
  });
});

describe('text from servers', () => {
  const hostile = `a${escape}[31m${escape}]0;t\u0007\u009b1m\u202e\u200b\u2066b\r\nfake: row`;
  const visible = /^[\x20-\x7e\n✓…]*$/;
  const bent: Script = {
    token: (response) => ({ ...response, scope: hostile, access_token: accessToken }),
    idTokenClaims: (claims) => ({ ...claims, sub: hostile, [hostile]: hostile }),
  };
  const segment = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const accessToken = `${segment({ alg: 'none', kid: hostile })}.${segment({ [hostile]: [hostile] })}.`;

  it('TTY-01, TTY-02, TTY-03: is escaped in subject, scope and claims, and makes no new row', async () => {
    const { environment, results } = await journey([], {}, bent);
    for (const { stdout, stderr } of results) expect(stdout + stderr).toMatch(visible);
    const [login, status] = results;
    expect(login!.stderr).toContain('Logged in as a\\x1b[31m');
    expect(status!.stdout).toContain('\\x9b1m\\u202e\\u200b\\u2066b\\x0d\\x0afake: row');
    expect(status!.stdout).not.toMatch(/^fake/m);
    await expectJsonEscaped(environment);
  });

  async function expectJsonEscaped(environment: TestEnvironment): Promise<void> {
    const result = await runCliIn(environment, ['decode', '--json', '--', accessToken]);
    expect(result.stdout).toMatch(/^[\x20-\x7e]+\n$/);
    expect(JSON.parse(result.stdout)).toMatchObject({ header: { kid: hostile } });
  }

  it('TTY-10: is escaped as \\u00XX in --json of login and status, and parses to what it was', async () => {
    const { results } = await journey(['--json'], {}, bent);
    for (const result of results.slice(0, 2)) {
      expect(result.stdout).toMatch(/^[\x20-\x7e]+\n$/);
      expect(JSON.parse(result.stdout)).toMatchObject({ subject: hostile, scope: hostile });
    }
  });

  it('TTY-05: is cut where it is too long', async () => {
    const { results } = await journey(
      [],
      {},
      {
        token: (response) => ({ ...response, scope: 'x'.repeat(100_000) }),
      },
    );
    const [login, status] = results;
    expect(login!.stderr.length).toBeLessThan(5000);
    expect(status!.stdout).toContain('… (truncated)');
  });

  const refusals: [title: string, script: Script][] = [
    [
      'TTY-04: error and error_description of the token endpoint',
      {
        intercept: (path, _request, response) => {
          if (path !== '/token') return false;
          sendJson(response, 400, { error: hostile, error_description: hostile });
          return true;
        },
      },
    ],
    [
      'TTY-04: error and error_description of the authorization endpoint',
      {
        authorization: (parameters) => {
          parameters.delete('code');
          parameters.set('error', hostile);
          parameters.set('error_description', `"${hostile}\\`);
          return parameters;
        },
      },
    ],
    ['the issuer in the metadata', { metadata: (metadata) => ({ ...metadata, issuer: hostile }) }],
    [
      'a content type',
      {
        intercept: (path, _request, response) => {
          if (!path.includes('/.well-known/')) return false;
          response.writeHead(200, { 'content-type': `text/x; a="\u009b\u00ad"` }).end('{}');
          return true;
        },
      },
    ],
  ];

  it('TTY-04: escapes in error and error_description also what is visible and not allowed there', async () => {
    const server = await pool.start({
      registration: () => ({ error: 'caf\u00e9"', error_description: '"\\\u00e9' }),
      registrationStatus: 400,
    });
    const result = await runCliIn(testEnvironment(), ['login', server.issuer]);
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain('caf\\xe9\\x22 (\\x22\\x5c\\xe9)');
  });

  it.each(refusals)('%s: is escaped in errors, as text and as JSON', async (_title, script) => {
    const server = await pool.start(script);
    for (const argv of [[], ['--json']]) {
      const environment = testEnvironment({
        browser: async (url) => {
          await server.browse(url);
        },
      });
      const result = await runCliIn(environment, ['login', server.issuer, ...argv]);
      expect([4, 5, 6]).toContain(result.exitCode);
      expect(result.stderr).toMatch(visible);
      expect(result.stderr).toMatch(/\\(x1b|u001b|x9b|u009b)/);
      expect(result.stderr).not.toMatch(/^fake/m);
    }
  });
});

describe('SEC-01, SEC-07, SEC-08: -v', () => {
  const clientSecret = 'canary-client-secret-0123456789';

  async function traced(auth: string) {
    const server = await pool.start({
      token: (response) => ({ ...response, expires_in: 30 }),
      authorization: (parameters) => parameters,
    });
    const seen: ScriptedServer['requests'] = [];
    const environment = testEnvironment({
      stdin: clientSecret,
      browser: async (url) => {
        await server.browse(url);
      },
    });
    const api = await pool.start({
      intercept: (_path, _request, response) => {
        response.writeHead(200, { 'set-cookie': 'session=canary-cookie-0123456789' }).end();
        return true;
      },
    });
    const secrets = new Set<string>();
    const remember = () => {
      for (const { accessToken, refreshToken, idToken } of storedTokens(environment)) {
        for (const token of [accessToken, refreshToken, idToken]) {
          if (token !== undefined) secrets.add(token);
        }
      }
    };
    const outputs: string[] = [];
    for (const argv of [
      [
        ...['login', server.issuer, '--profile', 'work', '--client-id', 'mine'],
        ...['--client-secret-stdin', '--client-auth', auth, '--allow-origin', api.origin],
      ],
      ['token', '--json', '--refresh'],
      ['status'],
      ['logout'],
    ]) {
      const result = await runCliIn(environment, [...argv, '-v']);
      expect(result.exitCode, result.stderr).toBe(0);
      remember();
      outputs.push(argv[0] === 'token' ? result.stderr : result.stdout + result.stderr);
      seen.push(...server.requests.splice(0));
    }
    return { output: outputs.join(''), secrets, seen };
  }

  it.each(['client_secret_basic', 'client_secret_post'])(
    'traces every exchange with %s and shows no secret, nor a prefix of one',
    async (auth) => {
      const { output, secrets, seen } = await traced(auth);
      for (const { body, path, headers } of seen) {
        if (headers.authorization !== undefined) secrets.add(headers.authorization.slice(6));
        for (const name of ['code', 'code_verifier', 'refresh_token', 'token']) {
          const value = body.get(name);
          if (value !== null) secrets.add(value);
        }
        expect(output).toContain(path.split('?')[0]);
      }
      expect(secrets.size).toBeGreaterThanOrEqual(7);
      for (const secret of [...secrets, clientSecret]) {
        for (const form of formsOf(secret)) expect(output).not.toContain(form);
        expect(output).not.toContain(secret.slice(0, 16));
      }
    },
  );

  it('shows lengths and fingerprints in their place, and what is not secret', async () => {
    const { output, seen } = await traced('client_secret_post');
    const { body } = seen.find(({ path }) => path === '/token')!;
    const code = body.get('code')!;
    const hash = createHash('sha256').update(code).digest('hex').slice(0, 8);
    expect(output).toContain(`code=***(len=${code.length}, sha256:${hash})`);
    expect(output).toMatch(/^> POST http:\/\/127\.0\.0\.1:\d+\/token$/m);
    expect(output).toMatch(/^< HTTP\/1\.1 200 OK$/m);
    expect(output).toContain('grant_type=authorization_code');
  });

  it('the state of the request is in the address to open alone', async () => {
    const server = await pool.start();
    const environment = await logInAt(server);
    const result = await runCliIn(environment, ['login', server.issuer, '-v']);
    const address = /http:\S+\/authorize\?\S+/.exec(result.stderr)![0];
    const { searchParams } = new URL(address);
    const rest = result.stderr.replace(address, '');
    for (const name of ['state', 'nonce']) {
      expect(searchParams.get(name)).toHaveLength(43);
      expect(rest).not.toContain(searchParams.get(name));
    }
  });

  function formsOf(secret: string): string[] {
    const bytes = Buffer.from(secret);
    return [
      secret,
      encodeURIComponent(secret),
      bytes.toString('base64').replace(/=+$/, ''),
      bytes.toString('base64url'),
      bytes.toString('hex'),
    ];
  }
});

it('SEC-01: no error of a command shows a token that is stored', async () => {
  const environment = await logInAt(
    await pool.start({
      intercept: (path, request, response) => {
        if (request.body.get('grant_type') !== 'refresh_token' && path !== '/revoke') return false;
        sendJson(response, 400, { error: 'invalid_request', error_description: 'no' });
        return true;
      },
    }),
  );
  const { accessToken, refreshToken, idToken } = storedTokens(environment)[0]!;
  for (const argv of [
    ['token', '--refresh'],
    ['token', '--refresh', '--json'],
    ['logout'],
    ['decode'],
    ['request', 'https://evil.example/'],
  ]) {
    const result = await runCliIn({ ...environment, variables: { OAUTH_CLI_DEBUG: '1' } }, argv);
    expect(result.exitCode).not.toBe(0);
    for (const token of [accessToken, refreshToken!, idToken!]) {
      expect(result.stdout + result.stderr).not.toContain(token.slice(0, 16));
    }
  }
});
