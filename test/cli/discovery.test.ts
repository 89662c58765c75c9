// Discovery, through the login command, against servers on real sockets.

import { afterEach, describe, expect, it } from 'vitest';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import type { TestEnvironment } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { configurationOf, serverPool } from '../support/logged-in.ts';
import type { CliResult } from '../support/run-cli.ts';
import { runCliIn } from '../support/run-cli.ts';

type Json = Record<string, unknown>;

const pool = serverPool();
afterEach(() => pool.close());

type Attempt = {
  server: ScriptedServer;
  environment: TestEnvironment;
  result: CliResult;
  /** How often a browser was opened. */
  opened: () => number;
};

async function logIn(script: Script, target?: (server: ScriptedServer) => string) {
  const server = await pool.start(script);
  return logInTo(server, target?.(server) ?? server.issuer);
}

async function logInTo(server: ScriptedServer, target: string): Promise<Attempt> {
  let opened = 0;
  const environment = testEnvironment({
    browser: async (url) => {
      opened += 1;
      await server.browse(url);
    },
  });
  const result = await runCliIn(environment, ['login', target, '--profile', 'work']);
  return { server, environment, result, opened: () => opened };
}

function expectRefusal({ environment, result, opened }: Attempt, exitCode = 6): void {
  expect(result, result.stderr).toMatchObject({ exitCode, stdout: '' });
  expect(result.stderr).toMatch(/^oauth-cli: error: [^\n]+\n(oauth-cli: hint: [^\n]+\n)?$/);
  expect(opened()).toBe(0);
  expect(environment.contacted.filter((exchange) => !exchange.startsWith('GET '))).toEqual([]);
  expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
}

/** Answers both well-known places by hand. */
function answering(
  answer: (response: Parameters<NonNullable<Script['intercept']>>[2]) => void,
): Script {
  return {
    intercept: (path, _request, response) => {
      if (!path.includes('/.well-known/')) return false;
      answer(response);
      return true;
    },
  };
}

/** Moves the metadata from RFC 8414's place to OpenID Connect's, with an answer at the first one. */
function openidOnly(first: { status: number; type: string; body: string }): Script {
  return {
    intercept: (path, request, response) => {
      if (path.includes('/.well-known/oauth-authorization-server')) {
        response.writeHead(first.status, { 'content-type': first.type }).end(first.body);
        return true;
      }
      if (!path.endsWith('/.well-known/openid-configuration')) return false;
      sendJson(response, 200, metadataAt(`http://${request.headers.host!}`));
      return true;
    },
  };
}

function metadataAt(origin: string, issuer = origin): Json {
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    jwks_uri: `${origin}/jwks`,
    id_token_signing_alg_values_supported: ['ES256'],
  };
}

const wellKnown = (server: ScriptedServer) =>
  server.requests
    .map(({ path }) => path)
    .filter((path) => /oauth-authorization-server|openid-configuration/.test(path));

describe('where metadata are looked for', () => {
  it('DISC-01: an issuer with a path: first with the path inserted, then OpenID Connect’s with it in front', async () => {
    const attempt = await logIn({
      issuer: (origin) => `${origin}/t1`,
      ...answering((response) => response.writeHead(404).end()),
    });
    expect(wellKnown(attempt.server)).toEqual([
      '/.well-known/oauth-authorization-server/t1',
      '/t1/.well-known/openid-configuration',
    ]);
    expectRefusal(attempt);
    expect(attempt.result.stderr).toContain('it has no metadata');
    expect(attempt.result.stderr).toContain('/.well-known/oauth-authorization-server/t1 and /t1/');
  });

  it('DISC-01: one terminating slash of the issuer is left out of both places', async () => {
    const { server } = await logIn({
      issuer: (origin) => `${origin}/t1/`,
      ...answering((response) => response.writeHead(404).end()),
    });
    expect(wellKnown(server)).toEqual([
      '/.well-known/oauth-authorization-server/t1',
      '/t1/.well-known/openid-configuration',
    ]);
  });

  it('DISC-01: the first place is enough, and an issuer with a path logs in', async () => {
    const { server, result } = await logIn({ issuer: (origin) => `${origin}/t1` });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(wellKnown(server)).toEqual(['/.well-known/oauth-authorization-server/t1']);
  });

  it.each([
    ['404', { status: 404, type: 'text/plain', body: '' }],
    ['a web page', { status: 200, type: 'text/html', body: '<p>hi' }],
    ['a server error', { status: 500, type: 'text/html', body: '<p>oops' }],
  ])('DISC-01: the second place decides where the first answers %s', async (_title, first) => {
    const { result, server } = await logIn(openidOnly(first));
    expect(result.exitCode, result.stderr).toBe(0);
    expect(wellKnown(server)).toHaveLength(2);
  });
});

describe('the issuer', () => {
  type Mismatch = [title: string, issuer: (origin: string) => string];
  const mismatches: Mismatch[] = [
    ['another scheme in upper case', (origin) => origin.replace('http:', 'HTTP:')],
    ['another letter case in the path', (origin) => `${origin}/T1`],
    ['a path more', (origin) => `${origin}/t1/x`],
    ['a path less', (origin) => origin],
    ['a percent-encoded letter', (origin) => `${origin}/%741`],
    ['another port', (origin) => `${origin.slice(0, -1)}${(Number(origin.at(-1)) + 1) % 10}/t1`],
    ['no port', (origin) => `${origin.replace(/:\d+$/, '')}/t1`],
    ['two trailing slashes', (origin) => `${origin}/t1//`],
    ['another notation of the host', (origin) => `${origin.replace('127.0.0.1', '127.1')}/t1`],
    ['a full-width digit', (origin) => `${origin}/t\uff11`],
    ['a blank behind it', (origin) => `${origin}/t1 `],
    ['a NUL behind it', (origin) => `${origin}/t1\0`],
    ['somebody else', () => 'https://evil.example/t1'],
  ];

  it.each(mismatches)(
    'DISC-02: metadata for %s are refused, also at the other place',
    async (_title, bend) => {
      const attempt = await logIn(
        {
          intercept: (path, request, response) => {
            if (!path.includes('/.well-known/')) return false;
            const origin = `http://${request.headers.host!}`;
            sendJson(response, 200, metadataAt(origin, bend(origin)));
            return true;
          },
        },
        (server) => `${server.origin}/t1`,
      );
      expectRefusal(attempt);
      expect(attempt.result.stderr).toContain('the metadata is for the issuer');
      expect(wellKnown(attempt.server)).toHaveLength(1);
    },
  );

  it.each([
    ['typed with a slash that the issuer has not', '/t1', '/t1/'],
    ['typed without the slash that the issuer has', '/t1/', '/t1'],
    ['typed without any path where the issuer ends in a slash', '/', ''],
  ])('DISC-02: %s it is accepted, and the metadata’s value counts', async (_title, own, typed) => {
    const { server, environment, result } = await logIn(
      { issuer: (origin) => origin + own },
      (started) => started.origin + typed,
    );
    expect(result.exitCode, result.stderr).toBe(0);
    expect(JSON.parse(configurationOf(environment))).toMatchObject({
      profiles: { work: { issuer: server.origin + own } },
    });
  });

  it.each([
    ['token', ['token', '--refresh']],
    ['logout', ['logout']],
    ['login', ['login', '--profile', 'work']],
  ])(
    'DISC-02: after the login %s compares it exactly, slash and all, and sends nothing',
    async (_title, argv) => {
      let slash = '';
      const { server, environment } = await logIn({
        metadata: (metadata) => ({ ...metadata, issuer: `${String(metadata['issuer'])}${slash}` }),
      });
      server.requests.length = 0;
      slash = '/';
      const before = [...environment.secrets];
      const result = await runCliIn(environment, argv);
      expect(result.exitCode).toBe(6);
      expect(result.stderr).toContain('the metadata is for the issuer');
      expect(server.requests.every(({ path }) => path.includes('/.well-known/'))).toBe(true);
      expect([...environment.secrets]).toEqual(before);
    },
  );

  it.each([
    'http://as.example',
    'http://192.0.2.1',
    'http://127.0.0.1.evil.example',
    'https://as.example/?a=b',
    'https://as.example/?',
    'https://as.example/#x',
    'https://as.example#',
    'https://user@as.example',
    'https://user:canary@as.example',
    'https://:canary@as.example',
    'http://127.0.0.1@evil.example',
    'http://localhost@evil.example',
    'https://as.example\\@evil.example',
    'https://as.exam\nple',
    'https://as.example ',
    'as.example',
    '//as.example',
    'https:as.example',
    'file:///etc/passwd',
    'javascript:alert(1)',
  ])('DISC-03: %j is refused before any request', async (issuer) => {
    const environment = testEnvironment({ browser: async () => expect.unreachable() });
    const result = await runCliIn(environment, ['login', '--', issuer]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('error: the issuer must');
    expect(result.stderr).not.toContain('canary');
    expect(environment.contacted).toEqual([]);
    expect([...environment.homeFiles.keys()]).toEqual([]);
  });

  it.each(['2130706433', '0x7f.1', '127.1', '0177.0.0.1', '１２７.0.0.1', '[::ffff:127.0.0.1]'])(
    'DISC-21: %s is this machine, in whatever notation',
    async (host) => {
      const attempt = await logIn(
        { ...answering((response) => response.writeHead(404).end()) },
        ({ origin }) => origin.replace('127.0.0.1', host),
      );
      expect(wellKnown(attempt.server)).toHaveLength(2);
      expectRefusal(attempt);
      expect(attempt.result.stderr).toContain('it has no metadata');
    },
  );

  it.each([
    'http://127.0.0.1.evil.example',
    'http://localhost.evil.example',
    'http://localhost.',
    'http://0.0.0.0',
    'http://[::]',
    'http://[::2]',
    'http://128.0.0.1',
  ])('DISC-21: %s is not, and is refused before any request', async (issuer) => {
    const environment = testEnvironment();
    const result = await runCliIn(environment, ['login', issuer]);
    expect(result.exitCode).toBe(2);
    expect(environment.contacted).toEqual([]);
  });
});

describe('the metadata document', () => {
  const documents: [title: string, body: string][] = [
    ['DISC-04: no issuer', '{"token_endpoint":"https://as.example/token"}'],
    ['DISC-04: an issuer that is a number', '{"issuer":7}'],
    ['DISC-04: an issuer that is null', '{"issuer":null}'],
    ['DISC-04: an issuer that is an array', '{"issuer":["https://as.example"]}'],
    ['DISC-04: an array', '[{"issuer":"https://as.example"}]'],
    ['DISC-04: null', 'null'],
    ['DISC-04: a number', '7'],
    ['DISC-04: a string', '"https://as.example"'],
    ['DISC-04: no JSON', 'issuer=x'],
    ['DISC-04: nothing', ''],
    ['DISC-17: the issuer twice', '{"issuer":"https://a.example","issuer":"https://b.example"}'],
    [
      'DISC-17: the issuer twice, once escaped',
      '{"issuer":"https://a.example","i\\u0073suer":"https://b.example"}',
    ],
    ['DISC-17: a nested member twice', '{"issuer":"https://a.example","x":{"a":1,"a":2}}'],
  ];

  it.each(documents)('%s is refused', async (_title, body) => {
    expectRefusal(await logIn(answering((response) => sendJson(response, 200, body))));
  });

  it('DISC-17: the issuer twice is refused also where both are right', async () => {
    const attempt = await logIn({
      metadata: (metadata) =>
        JSON.stringify(metadata).replace('{', `{"issuer":${JSON.stringify(metadata['issuer'])},`),
    });
    expectRefusal(attempt);
    expect(attempt.result.stderr).toContain('duplicate member name');
  });

  it.each([
    'text/html',
    'text/plain',
    'application/json; charset=utf-16',
    'application/jwk-set+jso',
    '',
  ])('DISC-05, DISC-06: the content type %j is refused and named', async (type) => {
    const attempt = await logIn({
      intercept: (path, request, response) => {
        if (!path.includes('/.well-known/')) return false;
        if (type !== '') response.setHeader('content-type', type);
        response.writeHead(200).end(JSON.stringify(metadataAt(`http://${request.headers.host!}`)));
        return true;
      },
    });
    expectRefusal(attempt);
    expect(attempt.result.stderr).toContain(
      type === '' ? 'without a content type' : `content type "${type}"`,
    );
  });

  it.each([201, 204, 206, 301, 302, 307, 308, 400, 404, 410, 500, 503])(
    'DISC-07: the status %i is refused, and no redirect is followed',
    async (status) => {
      const other = await pool.start();
      const attempt = await logIn({
        intercept: (path, request, response) => {
          if (!path.includes('/.well-known/')) return false;
          if (status >= 300 && status < 400) {
            response.setHeader('location', `${other.origin}${path}?code=canary`);
          }
          response.writeHead(status, { 'content-type': 'application/json' });
          response.end(
            status === 204 ? '' : JSON.stringify(metadataAt(`http://${request.headers.host!}`)),
          );
          return true;
        },
      });
      expectRefusal(attempt);
      expect(attempt.result.stderr).not.toContain('canary');
      expect(other.requests).toEqual([]);
    },
  );

  it('DISC-16: 10,000 unknown members are ignored', async () => {
    const unknown = Object.fromEntries(Array.from({ length: 10_000 }, (_, i) => [`m${i}`, i]));
    const { result } = await logIn({ metadata: (metadata) => ({ ...unknown, ...metadata }) });
    expect(result.exitCode, result.stderr).toBe(0);
  });

  it('DISC-16, NET-05: but not any number of them', async () => {
    const unknown = Object.fromEntries(
      Array.from({ length: 20_001 }, (_, i) => [i.toString(36), 0]),
    );
    expectRefusal(await logIn({ metadata: (metadata) => ({ ...unknown, ...metadata }) }));
  });

  it('DISC-16: members named like those of every object change nothing', async () => {
    const hostile = `"__proto__":{"polluted":1,"revocation_endpoint":"https://evil.example"},"constructor":{"prototype":{"polluted":1}},"toString":"x","hasOwnProperty":false,"valueOf":null,`;
    const { result } = await logIn({
      metadata: (metadata) => JSON.stringify(metadata).replace('{', `{${hostile}`),
    });
    expect(result.exitCode, result.stderr).toBe(0);
    expect(({} as Json)['polluted']).toBeUndefined();
  });

  it('DISC-16: an endpoint that only the prototype names is not there', async () => {
    const attempt = await logIn({
      metadata: ({ token_endpoint, ...metadata }) =>
        JSON.stringify(metadata).replace(
          '{',
          `{"__proto__":{"token_endpoint":${JSON.stringify(token_endpoint)}},`,
        ),
    });
    expectRefusal(attempt);
    expect(attempt.result.stderr).toContain('has no token_endpoint');
  });
});

describe('the endpoints in the metadata', () => {
  const endpoints = [
    'authorization_endpoint',
    'token_endpoint',
    'jwks_uri',
    'registration_endpoint',
    'userinfo_endpoint',
  ];
  const values: unknown[] = [
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'vscode://x/y',
    '\\\\host\\share',
    '-a',
    '--version',
    'https://u:p@127.0.0.1/',
    'https://127.0.0.1/\n--x',
    'https://127.0.0.1/\t',
    ' https://127.0.0.1/',
    'https://127.0.0.1\\@evil.example/',
    'https://127.0.0.1/#fragment',
    'https://127.0.0.1/#',
    '/relative',
    '//evil.example/x',
    'https:evil.example',
    'https:///evil.example',
    'http://evil.example/',
    'http://127.0.0.1.evil.example/',
    '',
    7,
    null,
    ['https://127.0.0.1/'],
    { href: 'https://127.0.0.1/' },
  ];

  describe.each(endpoints)('%s', (name) => {
    it.each(values)('DISC-08, DISC-09, DISC-10: as %j is refused by name', async (value) => {
      const attempt = await logIn({ metadata: (metadata) => ({ ...metadata, [name]: value }) });
      expectRefusal(attempt);
      expect(attempt.result.stderr).toContain(`error: ${name} in the authorization server's`);
      expect(attempt.server.requests.some(({ path }) => path === '/token')).toBe(false);
    });
  });

  it.each(['authorization_endpoint', 'token_endpoint'])(
    'DISC-08: %s is named when it is missing',
    async (name) => {
      const attempt = await logIn({
        metadata: (metadata) => ({ ...metadata, [name]: undefined }),
      });
      expectRefusal(attempt);
      expect(attempt.result.stderr).toContain(`the authorization server's metadata has no ${name}`);
    },
  );

  it('DISC-08: a bad revocation_endpoint does not stop a login and does stop the logout', async () => {
    const { environment, result } = await logIn({
      metadata: (metadata) => ({ ...metadata, revocation_endpoint: 'http://evil.example/' }),
    });
    expect(result.exitCode, result.stderr).toBe(0);
    const before = [...environment.secrets];
    const logout = await runCliIn(environment, ['logout']);
    expect(logout.exitCode).toBe(6);
    expect(logout.stderr).toContain('revocation_endpoint');
    expect([...environment.secrets]).toEqual(before);
  });

  it('a server that registers no clients is told with the way out', async () => {
    const attempt = await logIn({
      metadata: ({ registration_endpoint: _, ...metadata }) => metadata,
    });
    expectRefusal(attempt, 2);
    expect(attempt.result.stderr).toContain('--client-id');
  });

  it.each([[['plain']], [[]], ['S256'], [null], [{}]])(
    'DISC-11: code_challenge_methods_supported %j is refused before the browser opens',
    async (methods) => {
      const attempt = await logIn({
        metadata: (metadata) => ({ ...metadata, code_challenge_methods_supported: methods }),
      });
      expectRefusal(attempt);
      expect(attempt.result.stderr).toContain('code_challenge_methods_supported');
    },
  );
});

describe('what is no authorization server', () => {
  it('NET-07: a closed port is a network error', async () => {
    const environment = testEnvironment();
    const result = await runCliIn(environment, ['login', 'http://127.0.0.1:1']);
    expect(result.exitCode).toBe(7);
    expect(result.stderr).toMatch(/^oauth-cli: error: .+\n(oauth-cli: hint: .+\n)?$/);
    expect([...environment.homeFiles.keys()]).toEqual([]);
  });

  it('NET-07: web pages everywhere are a protocol violation with a hint at captive portals', async () => {
    const attempt = await logIn({
      intercept: (_path, _request, response) => {
        response.writeHead(200, { 'content-type': 'text/html' }).end('<h1>Welcome to the hotel');
        return true;
      },
    });
    expectRefusal(attempt);
    expect(attempt.result.stderr).toMatch(/content type "text\/html"\n.*hint: .*captive portal/);
  });

  it('404 everywhere is a protocol violation that names the places', async () => {
    const attempt = await logIn({
      intercept: (_path, _request, response) => {
        response.writeHead(404).end();
        return true;
      },
    });
    expectRefusal(attempt);
    expect(attempt.result.stderr).toContain('is not an authorization server');
    expect(attempt.result.stderr).toContain('/.well-known/openid-configuration');
  });
});
