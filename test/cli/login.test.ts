// The login command against a scripted authorization server on a real socket.

import { createHash } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { navigate, sendJson, startScriptedServer } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import type { CliResult } from '../support/run-cli.ts';
import { runCliIn } from '../support/run-cli.ts';

const servers: ScriptedServer[] = [];

afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function startServer(script: Script = {}): Promise<ScriptedServer> {
  const server = await startScriptedServer(script);
  servers.push(server);
  return server;
}

type Login = {
  server: ScriptedServer;
  environment: TestEnvironment;
  result: CliResult;
  pages: string[];
};

async function logIn(
  script: Script = {},
  argv: readonly string[] = [],
  options: TestOptions = {},
): Promise<Login> {
  const server = await startServer(script);
  return { server, ...(await logInTo(server, argv, options)) };
}

async function logInTo(
  server: ScriptedServer,
  argv: readonly string[] = [],
  options: TestOptions = {},
) {
  const pages: string[] = [];
  const browsing: Promise<void>[] = [];
  const browse = async (url: string) => {
    pages.push(await server.browse(url));
  };
  const environment = testEnvironment({
    browser: async (url) => void browsing.push(browse(url)),
    ...options,
  });
  const result = await runCliIn(environment, ['login', server.issuer, ...argv]);
  await Promise.all(browsing);
  return { environment, result, pages };
}

function parametersOfAuthorization(server: ScriptedServer): URLSearchParams {
  const request = server.requests.find(({ path }) => path.startsWith('/authorize'));
  return new URL(request!.path, server.origin).searchParams;
}

function tokenRequests(server: ScriptedServer) {
  return server.requests.filter(({ path }) => path === '/token');
}

function expectNothingStored(environment: TestEnvironment): void {
  expect([...environment.secrets.keys()]).toEqual([]);
  expect([...environment.homeFiles.keys()]).toEqual([]);
}

describe('a login', () => {
  it('registers, authorizes, redeems, stores and says who was logged in', async () => {
    const { environment, result, pages } = await logIn();
    expect(result).toMatchObject({ exitCode: 0, stdout: '' });
    expect(result.stderr).toContain('Logged in as alice at http://127.0.0.1:');
    expect(pages).toEqual(['200 You are logged in']);
    expect(environment.secrets.size).toBe(1);
    expect([...environment.homeFiles.keys()]).toEqual(['config.json']);
  });

  it('prints one JSON document with --json, and no token in it', async () => {
    const { server, environment, result } = await logIn({}, ['--json', '--profile', 'work']);
    const document = JSON.parse(result.stdout) as Record<string, unknown>;
    expect(document).toEqual({
      profile: 'work',
      issuer: server.issuer,
      client_id: expect.stringMatching(/^client-/) as string,
      subject: 'alice',
      scope: 'openid offline_access',
      token_type: 'Bearer',
      expires_at: expect.stringMatching(/^\d{4}-/) as string,
      store: 'keychain',
    });
    for (const secret of tokensIn(environment)) {
      expect(result.stdout + result.stderr).not.toContain(secret);
    }
  });

  it('writes no secret into config.json', async () => {
    const { environment } = await logIn();
    const configuration = Buffer.from(environment.homeFiles.get('config.json')!).toString();
    for (const secret of tokensIn(environment)) expect(configuration).not.toContain(secret);
  });

  it('REG-11: registers a native public client with a loopback redirect URI without a port', async () => {
    const { server } = await logIn();
    const registration = server.requests.find(({ path }) => path === '/register');
    expect(JSON.parse(registration!.text)).toMatchObject({
      application_type: 'native',
      token_endpoint_auth_method: 'none',
      redirect_uris: [expect.stringMatching(/^http:\/\/127\.0\.0\.1\/cb\/[0-9a-f]{18}$/) as string],
    });
  });

  it('reuses the registered client at the second login with the same profile', async () => {
    const { server, environment } = await logIn();
    const again = await runCliIn(environment, ['login', server.issuer, '--json']);
    expect(again.exitCode).toBe(0);
    expect(server.requests.filter(({ path }) => path === '/register')).toHaveLength(1);
    expect(tokenRequests(server)).toHaveLength(2);
  });

  it('goes on with the issuer of a named profile when there is no target', async () => {
    const { environment } = await logIn({}, ['--profile', 'work']);
    const again = await runCliIn(environment, ['login', '--profile', 'work']);
    expect(again.exitCode).toBe(0);
  });

  it('uses the client it is given and registers none', async () => {
    const { server } = await logIn({}, ['--client-id', 'mine']);
    expect(server.requests.some(({ path }) => path === '/register')).toBe(false);
    expect(tokenRequests(server)[0]!.body.get('client_id')).toBe('mine');
  });

  it('refuses another issuer under an existing profile name where nobody can be asked', async () => {
    const { environment } = await logIn({}, ['--profile', 'work']);
    const other = await startServer();
    const result = await runCliIn(environment, ['login', other.issuer, '--profile', 'work']);
    expect(result.exitCode).toBe(2);
    expect(result.stderr).toContain('the profile work is for the issuer');
    expect(other.requests).toEqual([]);
  });

  it.each([
    ['y', 0, 2],
    ['n', 2, 1],
  ])('asks on a terminal before it replaces a profile: %s', async (answer, exitCode, logins) => {
    const first = await startServer();
    const other = await startServer();
    let current = first;
    const environment = testEnvironment({
      browser: async (url) => {
        await current.browse(url);
      },
      isTTY: true,
      answers: [answer],
    });
    await runCliIn(environment, ['login', first.issuer, '--profile', 'work']);
    current = other;
    const result = await runCliIn(environment, ['login', other.issuer, '--profile', 'work']);
    expect(result.exitCode).toBe(exitCode);
    expect(tokenRequests(first).length + tokenRequests(other).length).toBe(logins);
    // The replaced profile's tokens are gone from the store.
    expect(environment.secrets.size).toBe(1);
  });

  it('needs a target, and says so where nobody can be asked', async () => {
    const result = await runCliIn(testEnvironment(), ['login']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('hint: oauth-cli login https://');
  });

  it('tells a notice when the server granted another scope', async () => {
    const { result } = await logIn({ token: (response) => ({ ...response, scope: 'openid' }) });
    expect(result.stderr).toContain('granted another scope');
  });
});

describe('the authorization request', () => {
  it('AUTHZ-01, AUTHZ-03: carries S256, a 43-character state and nonce, and a code', async () => {
    const { server } = await logIn();
    const parameters = parametersOfAuthorization(server);
    expect(Object.fromEntries(parameters)).toMatchObject({
      response_type: 'code',
      code_challenge_method: 'S256',
      state: expect.stringMatching(/^[\w-]{43}$/) as string,
      nonce: expect.stringMatching(/^[\w-]{43}$/) as string,
    });
    const verifier = tokenRequests(server)[0]!.body.get('code_verifier')!;
    expect(verifier).toMatch(/^[\w-]{43}$/);
    expect(createHash('sha256').update(verifier).digest('base64url')).toBe(
      parameters.get('code_challenge'),
    );
  });

  it('AUTHZ-11: redeems with the redirect URI of the request, byte by byte, and answers on that port', async () => {
    const { server, pages } = await logIn();
    const sent = parametersOfAuthorization(server).get('redirect_uri')!;
    expect(tokenRequests(server)[0]!.body.get('redirect_uri')).toBe(sent);
    expect(sent).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/cb\/[0-9a-f]{18}$/);
    expect(pages).toEqual(['200 You are logged in']);
  });

  it('AUTHZ-15: asks for openid and offline_access with consent where the server has them, for nothing else', async () => {
    const { server } = await logIn();
    expect(parametersOfAuthorization(server).get('scope')).toBe('openid offline_access');
    expect(parametersOfAuthorization(server).get('prompt')).toBe('consent');
  });

  it('AUTHZ-15: omits the scope where the server advertises neither', async () => {
    const { server } = await logIn({
      metadata: (metadata) => ({ ...metadata, scopes_supported: ['email'] }),
    });
    expect(parametersOfAuthorization(server).has('scope')).toBe(false);
    expect(parametersOfAuthorization(server).has('nonce')).toBe(false);
  });

  it('AUTHZ-14: sends each resource indicator in both requests', async () => {
    const resources = ['https://a.example/', 'https://b.example/x'];
    const { server } = await logIn(
      {},
      resources.flatMap((resource) => ['--resource', resource]),
    );
    expect(parametersOfAuthorization(server).getAll('resource')).toEqual(resources);
    expect(tokenRequests(server)[0]!.body.getAll('resource')).toEqual(resources);
  });

  it('DISC-10: keeps the query of the authorization endpoint and does not duplicate parameters', async () => {
    const { server } = await logIn({
      metadata: (metadata) => ({
        ...metadata,
        authorization_endpoint: `${String(metadata['authorization_endpoint'])}?tenant=a%20b&scope=x`,
      }),
    });
    const parameters = parametersOfAuthorization(server);
    expect(parameters.get('tenant')).toBe('a b');
    expect(parameters.getAll('scope')).toEqual(['openid offline_access']);
  });

  it.each(['plain', 'none'])(
    'DISC-11: refuses a server that offers PKCE without S256 (%s)',
    async (method) => {
      const { result, environment } = await logIn({
        metadata: (metadata) => ({ ...metadata, code_challenge_methods_supported: [method] }),
      });
      expect(result.exitCode).toBe(6);
      expectNothingStored(environment);
    },
  );

  it('DISC-11: goes on with S256 and state where the metadata do not mention PKCE', async () => {
    const { result } = await logIn({
      metadata: ({ code_challenge_methods_supported: _, ...metadata }) => metadata,
    });
    expect(result.exitCode).toBe(0);
  });

  it('BROW-05, BROW-10: prints the URL too, and the URL holds no secret', async () => {
    const { server, result } = await logIn();
    expect(result.stderr).toContain(`${server.origin}/authorize?response_type=code`);
    const verifier = tokenRequests(server)[0]!.body.get('code_verifier')!;
    expect(result.stderr).not.toContain(verifier);
  });

  it('BROW-05: with --no-browser prints the URL and keeps listening', async () => {
    const server = await startServer();
    let opened = 0;
    const environment = testEnvironment({ browser: async () => void (opened += 1) });
    const login = runCliIn(environment, ['login', server.issuer, '--no-browser']);
    const url = await urlFrom(environment);
    expect(await server.browse(url)).toBe('200 You are logged in');
    expect((await login).exitCode).toBe(0);
    expect(opened).toBe(0);
  });
});

describe('the authorization response', () => {
  type Case = [
    title: string,
    bend: NonNullable<Script['authorization']>,
    exitCode: number,
    message: string,
  ];
  const changed =
    (change: (parameters: URLSearchParams) => void) => (parameters: URLSearchParams) => {
      change(parameters);
      return parameters;
    };
  const cases: Case[] = [
    [
      'AUTHZ-02, LOOP-11: a missing state is not ours',
      changed((p) => p.delete('state')),
      28,
      'nobody came back',
    ],
    [
      'AUTHZ-02: an empty state is not ours',
      changed((p) => p.set('state', '')),
      28,
      'nobody came back',
    ],
    [
      'AUTHZ-02: a wrong state is not ours',
      changed((p) => p.set('state', 'x'.repeat(43))),
      28,
      'nobody',
    ],
    [
      'AUTHZ-02, AUTHZ-07: a second state beside ours is refused',
      changed((p) => p.append('state', 'x')),
      6,
      'repeats',
    ],
    [
      'AUTHZ-07: a repeated code is refused',
      changed((p) => p.append('code', 'x')),
      6,
      'repeats a parameter',
    ],
    [
      'AUTHZ-07: a repeated iss is refused',
      changed((p) => p.append('iss', p.get('iss')!)),
      6,
      'repeats',
    ],
    [
      'AUTHZ-04: a foreign iss is refused',
      changed((p) => p.set('iss', 'https://evil.example')),
      6,
      'issuer',
    ],
    [
      'AUTHZ-04: a promised iss that is missing is refused',
      changed((p) => p.delete('iss')),
      6,
      'issuer',
    ],
    [
      'AUTHZ-05: an iss with another slash is refused',
      changed((p) => p.set('iss', `${p.get('iss')!}/`)),
      6,
      'issuer',
    ],
    [
      'AUTHZ-05: an iss in upper case is refused',
      changed((p) => p.set('iss', p.get('iss')!.toUpperCase())),
      6,
      'issuer',
    ],
    [
      'AUTHZ-09: both a code and an error are refused',
      changed((p) => p.set('error', 'x')),
      6,
      'both',
    ],
    ['AUTHZ-09: neither code nor error is refused', changed((p) => p.delete('code')), 6, 'no code'],
    ['AUTHZ-09: an empty code is refused', changed((p) => p.set('code', '')), 6, 'no code'],
    [
      'AUTHZ-10: an access token in the response is refused',
      changed((p) => p.set('access_token', 'canary-1')),
      6,
      'carries a token',
    ],
    [
      'AUTHZ-10: an ID token in the response is refused',
      changed((p) => p.set('id_token', 'canary-1')),
      6,
      'carries a token',
    ],
    [
      'AUTHZ-06: an error with our state and issuer is told as denied',
      denied({}),
      4,
      'access_denied (no \\x1b way)',
    ],
    [
      'AUTHZ-06: an error with a foreign issuer is not ours',
      denied({ iss: 'https://evil.example' }),
      28,
      'nobody',
    ],
    [
      'AUTHZ-06: an error with a wrong state is not ours',
      denied({ state: 'x' }),
      28,
      'nobody came back',
    ],
  ];

  function denied(change: Record<string, string>): NonNullable<Script['authorization']> {
    return changed((parameters) => {
      parameters.delete('code');
      parameters.set('error', 'access_denied');
      parameters.set('error_description', 'no \u001b way');
      for (const [name, value] of Object.entries(change)) parameters.set(name, value);
    });
  }

  it.each(cases)('%s', async (_title, authorization, exitCode, message) => {
    const { server, environment, result } = await logIn({ authorization }, [
      '--login-timeout',
      '1',
    ]);
    expect(result.stderr).toContain(message);
    expect(result.exitCode).toBe(exitCode);
    expect(result.stderr).not.toContain('canary-1');
    expect(tokenRequests(server)).toEqual([]);
    expectNothingStored(environment);
  });

  it('AUTHZ-08: unknown parameters are ignored', async () => {
    const { result } = await logIn({ authorization: changed((p) => p.set('session_state', 'x')) });
    expect(result.exitCode).toBe(0);
  });

  it('AUTHZ-04: iss is compared also where the metadata do not promise it', async () => {
    const metadata: Script['metadata'] = ({
      authorization_response_iss_parameter_supported: _,
      ...rest
    }) => rest;
    const authorization = changed((p) => p.set('iss', 'https://evil.example'));
    expect((await logIn({ metadata, authorization })).result.exitCode).toBe(6);
    const without = changed((p) => p.delete('iss'));
    expect((await logIn({ metadata, authorization: without })).result.exitCode).toBe(0);
  });

  it('DISC-24: a server that promised iss once is held to it', async () => {
    let promise = true;
    const { server, environment } = await logIn({
      metadata: (metadata) => ({
        ...metadata,
        authorization_response_iss_parameter_supported: promise,
      }),
    });
    promise = false;
    const again = await runCliIn(environment, ['login', server.issuer]);
    expect(again.exitCode).toBe(6);
    expect(again.stderr).toContain('no longer promises its issuer');
  });

  it('AUTHZ-13: metadata that change while the person is away do not move the code to another server', async () => {
    const other = await startServer();
    let changed = false;
    const server = await startServer({
      metadata: (metadata) =>
        changed ? { ...metadata, token_endpoint: `${other.origin}/token` } : metadata,
    });
    const environment = testEnvironment();
    const login = runCliIn(environment, ['login', server.issuer]);
    const url = await urlFrom(environment);
    changed = true;
    await server.browse(url);
    expect((await login).exitCode).toBe(0);
    expect(tokenRequests(server)).toHaveLength(1);
    expect(other.requests).toEqual([]);
  });

  it('LOOP-12, AUTHZ-12: 100 genuine callbacks at once lead to one token request', async () => {
    const server = await startServer();
    const environment = testEnvironment();
    const login = runCliIn(environment, ['login', server.issuer]);
    const url = await urlFrom(environment);
    const statuses = await Promise.all(
      Array.from({ length: 100 }, () => server.browse(url).catch(() => '')),
    );
    expect((await login).exitCode).toBe(0);
    expect(statuses.filter((status) => status.startsWith('200'))).toHaveLength(1);
    expect(tokenRequests(server)).toHaveLength(1);
  });

  it('LOOP-13: the same callback 100 times at once leads to one token request', async () => {
    const server = await startServer();
    const environment = testEnvironment();
    const login = runCliIn(environment, ['login', server.issuer]);
    const { location } = await navigate(await urlFrom(environment));
    const statuses = await Promise.all(
      Array.from({ length: 100 }, () =>
        navigate(location).then(
          ({ status }) => status,
          () => 0,
        ),
      ),
    );
    expect((await login).exitCode).toBe(0);
    expect(statuses.filter((status) => status === 200)).toHaveLength(1);
    expect(tokenRequests(server)).toHaveLength(1);
  });

  it('LOOP-19: the browser is told a failure when the token exchange fails, and success only after it', async () => {
    const { pages, result } = await logIn({ token: () => ({ nonsense: true }) });
    expect(pages).toEqual(['200 The login failed']);
    expect(result.exitCode).toBe(6);
  });

  it('LOOP-20: ends with timeout when nobody comes, and frees the port', async () => {
    const server = await startServer();
    const environment = testEnvironment();
    const login = runCliIn(environment, ['login', server.issuer, '--login-timeout', '1']);
    const redirectUri = new URL(await urlFrom(environment)).searchParams.get('redirect_uri')!;
    expect((await login).exitCode).toBe(28);
    await expect(fetch(redirectUri)).rejects.toThrow();
    expectNothingStored(environment);
  });
});

describe('the token response at a login', () => {
  type Case = [
    title: string,
    token: (response: Record<string, unknown>) => unknown,
    exitCode: number,
  ];
  const cases: Case[] = [
    ['TOK-02: no access_token', ({ access_token: _, ...rest }) => rest, 6],
    ['TOK-02: an empty access_token', (response) => ({ ...response, access_token: '' }), 6],
    [
      'TOK-02: an access_token that is no string',
      (response) => ({ ...response, access_token: 7 }),
      6,
    ],
    ['TOK-02: no token_type', ({ token_type: _, ...rest }) => rest, 6],
    ['TOK-03: an unknown token_type', (response) => ({ ...response, token_type: 'mac' }), 6],
    ['TOK-03: the token_type N_A', (response) => ({ ...response, token_type: 'N_A' }), 6],
    [
      'TOK-03: the token_type in other case',
      (response) => ({ ...response, token_type: 'bEaReR' }),
      0,
    ],
    ['TOK-05: unknown members', (response) => ({ ...response, foo: { bar: [1] } }), 0],
    [
      'TOK-05: an access token of 64 KB',
      (response) => ({ ...response, access_token: 'a'.repeat(65_536) }),
      0,
    ],
    [
      'TOK-06: expires_in as a string of digits',
      (response) => ({ ...response, expires_in: '3600' }),
      0,
    ],
    ['TOK-06: no expires_in', ({ expires_in: _, ...rest }) => rest, 0],
    [
      'TOK-06: expires_in far away',
      (response) => ({ ...response, expires_in: 9007199254740993 }),
      0,
    ],
    ['TOK-06: expires_in "3600abc"', (response) => ({ ...response, expires_in: '3600abc' }), 6],
    ['TOK-06: expires_in -1', (response) => ({ ...response, expires_in: -1 }), 6],
    ['TOK-06: expires_in {}', (response) => ({ ...response, expires_in: {} }), 6],
    [
      'TOK-06: expires_in 1e400',
      () => '{"access_token":"a","token_type":"Bearer","expires_in":1e400}',
      6,
    ],
    ['TOK-07: no scope', ({ scope: _, ...rest }) => rest, 0],
    ['OIDC-07: no id_token though openid was asked for', ({ id_token: _, ...rest }) => rest, 6],
    [
      'SEC-15: an access token with a line feed',
      (response) => ({ ...response, access_token: 'a\nb' }),
      6,
    ],
  ];

  it.each(cases)('%s', async (_title, token, exitCode) => {
    const { environment, result } = await logIn({ token });
    expect(result.exitCode, result.stderr).toBe(exitCode);
    if (exitCode !== 0) expectNothingStored(environment);
  });

  it('TOK-06: a missing expires_in is unknown, and a huge one is bounded', async () => {
    const unknown = await logIn({ token: ({ expires_in: _, ...rest }) => rest }, ['--json']);
    expect(JSON.parse(unknown.result.stdout)).not.toHaveProperty('expires_at');
    const huge = await logIn({ token: (response) => ({ ...response, expires_in: 1e15 }) }, [
      '--json',
    ]);
    const { expires_at } = JSON.parse(huge.result.stdout) as { expires_at: string };
    expect(Date.parse(expires_at) - Date.now()).toBeLessThanOrEqual(10 * 366 * 24 * 3600 * 1000);
  });

  it('TOK-07: an absent scope means the one asked for', async () => {
    const { result } = await logIn({ token: ({ scope: _, ...rest }) => rest }, ['--json']);
    expect(JSON.parse(result.stdout)).toMatchObject({ scope: 'openid offline_access' });
  });

  type Refusal = [title: string, status: number, type: string, body: string, message: string];
  const refusals: Refusal[] = [
    [
      'TOK-08: a JSON error',
      400,
      'application/json',
      '{"error":"invalid_grant","error_description":"no\\u001b[31m"}',
      'invalid_grant (no\\x1b[31m)',
    ],
    ['TOK-08: an HTML error body', 500, 'text/html', '<h1>Oops canary</h1>', 'status 500'],
    ['TOK-08: an empty error body', 403, 'text/plain', '', 'status 403'],
    [
      'TOK-08: a huge error body',
      400,
      'application/json',
      `{"x":"${'y'.repeat(100_000)}"}`,
      'status 400',
    ],
    [
      'TOK-09: 401 with a challenge',
      401,
      'application/json',
      '{"error":"invalid_client"}',
      'invalid_client',
    ],
    ['TOK-10: 503 is not retried', 503, 'text/plain', 'busy', 'status 503'],
  ];

  it.each(refusals)('%s', async (_title, status, type, body, message) => {
    const { server, environment, result, pages } = await logIn({
      intercept: (path, _request, response) => {
        if (path !== '/token') return false;
        const challenge = status === 401 ? { 'www-authenticate': 'Basic realm="as"' } : {};
        response.writeHead(status, { 'content-type': type, ...challenge }).end(body);
        return true;
      },
    });
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain(message);
    expect(result.stderr).not.toContain('canary');
    expect(tokenRequests(server)).toHaveLength(1);
    expect(pages).toEqual(['200 The login failed']);
    expectNothingStored(environment);
  });

  it.each([301, 302, 303, 307, 308])(
    'TOK-01: refuses a %i and sends nothing on',
    async (status) => {
      const other = await startServer();
      const { environment, result } = await logIn({
        intercept: (path, _request, response) => {
          if (path !== '/token') return false;
          response.writeHead(status, { location: `${other.origin}/token` }).end();
          return true;
        },
      });
      expect(result.exitCode).toBe(6);
      expect(other.requests).toEqual([]);
      expectNothingStored(environment);
    },
  );
});

describe('the ID token at a login', () => {
  const claims = (change: Record<string, unknown>): Script => ({
    idTokenClaims: (given) => ({ ...given, ...change }),
  });
  const now = () => Math.floor(Date.now() / 1000);
  const cases: [title: string, script: Script, exitCode: number][] = [
    ['OIDC-01: a wrong iss', claims({ iss: 'https://evil.example' }), 6],
    ['OIDC-01: no iss', claims({ iss: undefined }), 6],
    ['OIDC-02: a wrong aud', claims({ aud: 'somebody-else' }), 6],
    ['OIDC-02: no aud', claims({ aud: undefined }), 6],
    [
      'OIDC-02: aud as an array with only us',
      { idTokenClaims: (given) => ({ ...given, aud: [given['aud']] }) },
      0,
    ],
    [
      'OIDC-02: aud with another and no azp',
      { idTokenClaims: (given) => ({ ...given, aud: [given['aud'], 'x'] }) },
      6,
    ],
    ['OIDC-03: exp in the past', claims({ exp: now() - 3600 }), 6],
    ['OIDC-03: exp as a string', claims({ exp: String(now() + 60) }), 6],
    ['OIDC-04: no iat', claims({ iat: undefined }), 6],
    ['OIDC-04: iat a week ago', claims({ iat: now() - 7 * 24 * 3600 - 60 }), 6],
    ['OIDC-04: iat in five minutes', claims({ iat: now() + 300 }), 6],
    ['OIDC-04: iat in five seconds', claims({ iat: now() + 5 }), 0],
    ['OIDC-05: no sub', claims({ sub: undefined }), 6],
    ['OIDC-05: an empty sub', claims({ sub: '' }), 6],
    ['OIDC-05: a sub of 256 characters', claims({ sub: 's'.repeat(256) }), 6],
    ['OIDC-05: a sub that is an array', claims({ sub: ['alice'] }), 6],
    ['OIDC-06: no nonce', claims({ nonce: undefined }), 6],
    ['OIDC-06: another nonce', claims({ nonce: 'other' }), 6],
    ['OIDC-07: a signature that is not the server’s', { idToken: (jwt) => tamper(jwt) }, 6],
    [
      'OIDC-08: alg none',
      { idTokenHeader: () => ({ alg: 'none' }), idToken: (jwt) => jwt.replace(/[^.]+$/, '') },
      6,
    ],
    ['OIDC-08: no alg', { idTokenHeader: () => ({ kid: 'k1' }) }, 6],
    [
      'OIDC-08: an alg that the metadata do not list',
      { idTokenHeader: () => ({ alg: 'ES384', kid: 'k1' }) },
      6,
    ],
    ['OIDC-09: a wrong at_hash', claims({ at_hash: 'AAAAAAAAAAAAAAAAAAAAAA' }), 6],
  ];

  it.each(cases)('%s', async (_title, script, exitCode) => {
    const { environment, result } = await logIn(script);
    expect(result.exitCode, result.stderr).toBe(exitCode);
    if (exitCode !== 0) expectNothingStored(environment);
  });

  it.each([
    ['a good one is not kept', {}, 0],
    ['a bad one is refused', { iss: 'https://evil.example' }, 6],
  ])('TOK-25: of ID tokens that nobody asked for, %s', async (_title, change, exitCode) => {
    const { result, environment } = await logIn({
      ...claims(change),
      metadata: (metadata) => ({ ...metadata, scopes_supported: [] }),
    });
    expect(result.exitCode, result.stderr).toBe(exitCode);
    expect([...environment.secrets.values()].join('')).not.toContain('idToken');
  });

  it('SEC-01: an error description that repeats what was sent is shown without it', async () => {
    const { server, result } = await logIn({
      intercept: (path, { body }, response) => {
        if (path !== '/token') return false;
        const sent = `${body.get('code') ?? ''} ${body.get('code_verifier') ?? ''}`;
        sendJson(response, 400, { error: 'invalid_grant', error_description: `not good: ${sent}` });
        return true;
      },
    });
    expect(result.exitCode).toBe(5);
    expect(result.stderr).toContain('invalid_grant (not good: *** ***)');
    expect(result.stderr).not.toContain(tokenRequests(server)[0]!.body.get('code'));
  });
});

function tamper(jwt: string): string {
  const [header, payload, signature] = jwt.split('.') as [string, string, string];
  const flipped = signature.startsWith('A') ? 'B' : 'A';
  return `${header}.${payload}.${flipped}${signature.slice(1)}`;
}

function tokensIn(environment: TestEnvironment): string[] {
  return [...environment.secrets.values()].flatMap((text) => {
    const { accessToken, refreshToken, idToken } = JSON.parse(text) as Record<
      string,
      string | undefined
    >;
    return [accessToken, refreshToken, idToken].filter((token) => token !== undefined);
  });
}

/** The URL that a waiting login has printed. */
async function urlFrom(environment: TestEnvironment): Promise<string> {
  return vi.waitFor(() => {
    const url = /http:\S+\/authorize\S+/.exec(environment.err())?.[0];
    if (url === undefined) throw new Error('no URL yet');
    return url;
  });
}
