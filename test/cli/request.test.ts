// The request command: the token goes to allowed origins and nowhere else.

import { afterEach, describe, expect, it } from 'vitest';
import type { Recorded, Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import type { TestEnvironment, TestOptions } from '../support/environment.ts';
import { logInAgain, logInAt, serverPool, storedTokens } from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

type Answer = (
  request: Recorded,
  response: Parameters<NonNullable<Script['intercept']>>[2],
) => void;

/** A protected resource on a socket of its own. */
async function startApi(answer: Answer = (_request, response) => response.end('hello\n')) {
  return pool.start({
    intercept: (_path, request, response) => {
      answer(request, response);
      return true;
    },
  });
}

type Setting = { api: ScriptedServer; server: ScriptedServer; environment: TestEnvironment };

async function loggedIn(
  answer?: Answer,
  script: Script = {},
  argv: readonly string[] = [],
  options?: TestOptions,
): Promise<Setting> {
  const api = await startApi(answer);
  const server = await pool.start(script);
  const environment = await logInAt(server, ['--allow-origin', api.origin, ...argv], options);
  return { api, server, environment };
}

const sentTokens = (api: ScriptedServer) =>
  api.requests.map(({ headers }) => headers.authorization);
const tokenOf = (environment: TestEnvironment) => storedTokens(environment)[0]!.accessToken;

describe('a request', () => {
  it.each(['request', 'curl'])(
    '%s sends the token and prints the body as it came',
    async (name) => {
      const { api, environment } = await loggedIn();
      const result = await runCliIn(environment, [name, `${api.origin}/me?a=b`]);
      expect(result).toMatchObject({ exitCode: 0, stdout: 'hello\n', stderr: '' });
      expect(api.requests).toHaveLength(1);
      expect(api.requests[0]).toMatchObject({ method: 'GET', path: '/me?a=b' });
      expect(sentTokens(api)).toEqual([`Bearer ${tokenOf(environment)}`]);
    },
  );

  it('sends method, headers and data as curl does', async () => {
    const { api, environment } = await loggedIn();
    await runCliIn(environment, [
      'request',
      ...['-X', 'PUT', '-H', 'X-One: 1', '-d', 'a=b', '-d', 'c=d'],
      `${api.origin}/x`,
    ]);
    expect(api.requests[0]).toMatchObject({
      method: 'PUT',
      text: 'a=b&c=d',
      headers: {
        'x-one': '1',
        'content-type': 'application/x-www-form-urlencoded',
        authorization: `Bearer ${tokenOf(environment)}`,
      },
    });
  });

  it('-i shows status line and headers, -o writes to a file', async () => {
    const { api, environment } = await loggedIn((_request, response) => {
      response.writeHead(200, { 'X-Two': '2' }).end('body');
    });
    const shown = await runCliIn(environment, ['request', '-i', api.origin]);
    expect(shown.stdout).toMatch(/^HTTP\/1\.1 200 OK\r\nX-Two: 2\r\n[^]*\r\n\r\nbody$/);
    const written = await runCliIn(environment, ['request', '-o', 'out.txt', api.origin]);
    expect(written).toMatchObject({ exitCode: 0, stdout: '', stderr: '' });
    expect(environment.written.get('out.txt')).toBe('body');
  });

  it('REQ-23: exits 0 on HTTP errors and 22 with -f, with the body only in the first case', async () => {
    const { api, environment } = await loggedIn((_request, response) => {
      response.writeHead(404).end('gone');
    });
    expect(await runCliIn(environment, ['request', api.origin])).toMatchObject({
      exitCode: 0,
      stdout: 'gone',
      stderr: '',
    });
    expect(await runCliIn(environment, ['request', '-f', api.origin])).toMatchObject({
      exitCode: 22,
      stdout: '',
      stderr: 'oauth-cli: error: the server answered with status 404\n',
    });
    expect(await runCliIn(environment, ['request', '-sf', api.origin])).toMatchObject({
      exitCode: 22,
      stdout: '',
      stderr: '',
    });
    const json = await runCliIn(environment, ['request', '-f', '--json-errors', api.origin]);
    expect(JSON.parse(json.stderr)).toMatchObject({ error: { code: 'http_status' } });
  });

  it('REQ-03: follows no redirect', async () => {
    const other = await startApi();
    const { api, environment } = await loggedIn((_request, response) => {
      response.writeHead(302, { location: `${other.origin}/stolen` }).end();
    });
    expect((await runCliIn(environment, ['request', api.origin])).exitCode).toBe(0);
    expect(api.requests).toHaveLength(1);
    expect(other.requests).toEqual([]);
  });

  it('REQ-10: warns about a token typed into the URL', async () => {
    const { api, environment } = await loggedIn();
    const result = await runCliIn(environment, [
      'request',
      `${api.origin}/?access_token=canary-token`,
    ]);
    expect(result.stderr).toMatch(/^oauth-cli: warning: the URL contains access_token/);
    expect(result.stderr).not.toContain('canary');
  });
});

describe('where the token goes', () => {
  type Case = [title: string, url: (origin: string) => string];
  const cases: Case[] = [
    [
      'another port',
      (origin) => origin.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)),
    ],
    ['no port', (origin) => origin.replace(/:\d+$/, '')],
    ['another scheme', (origin) => origin.replace('http:', 'https:')],
    ['a name for the same address', (origin) => origin.replace('127.0.0.1', 'localhost')],
    ['a host that ends in it', (origin) => origin.replace('127.0.0.1', 'x.127.0.0.1.localhost')],
    ['another loopback address', (origin) => origin.replace('127.0.0.1', '127.0.0.2')],
    ['a host that begins with it', () => 'https://127.0.0.1.evil.example/'],
    ['somebody else', () => 'https://evil.example/'],
  ];

  it.each(cases)('REQ-01, REQ-02: not to %s, and nothing is sent', async (_title, url) => {
    const { api, environment } = await loggedIn();
    const result = await runCliIn(environment, ['request', url(api.origin)]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('no token is sent to');
    expect(result.stderr).toContain(`allowed are ${api.origin}`);
    expect(environment.contacted).toEqual([]);
    expect(api.requests).toEqual([]);
  });

  const refused: string[] = [
    'http://api.example/',
    'http://192.0.2.1/',
    'http://127.0.0.1.evil.example/',
    'https://user:canary@api.example/',
    'https://@api.example/',
    'https:\\\\api.example/',
    'https://api.example\\@evil.example/',
    '//api.example/',
    'api.example',
    'https:api.example',
    'file:///etc/passwd',
    'ftp://api.example/',
    'https://api.exam\nple/',
  ];

  it.each(refused)(
    'REQ-12, REQ-13, REQ-14, REQ-25: not to %j, and nothing is sent',
    async (url) => {
      const { environment } = await loggedIn(undefined, {}, [
        '--allow-origin',
        'https://api.example',
      ]);
      const result = await runCliIn(environment, ['request', '--', url]);
      expect(result, result.stderr).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.stderr).not.toContain('canary');
      expect(environment.contacted).toEqual([]);
    },
  );

  it.each([
    'http://api.example',
    'https://api.example/v1',
    'https://user@api.example',
    'api.example',
    '*',
  ])('--allow-origin %s is refused before any request', async (origin) => {
    const server = await pool.start();
    const result = await runCli(['login', server.issuer, '--allow-origin', origin]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.environment.contacted).toEqual([]);
  });

  it('the origins of resource indicators and of the userinfo endpoint are allowed', async () => {
    const api = await startApi();
    const server = await pool.start({
      metadata: (metadata) => ({
        ...metadata,
        userinfo_endpoint: `${String(metadata['issuer'])}/userinfo`,
      }),
      intercept: (path, _request, response) => {
        if (path !== '/userinfo') return false;
        response.end('me');
        return true;
      },
    });
    const environment = await logInAt(server, ['--resource', `${api.origin}/v1`]);
    expect((await runCliIn(environment, ['request', `${api.origin}/v1/x`])).stdout).toBe('hello\n');
    expect((await runCliIn(environment, ['request', `${server.origin}/userinfo`])).stdout).toBe(
      'me',
    );
  });

  it('the issuer’s origin is not, without one of them', async () => {
    const { server, environment } = await loggedIn();
    expect((await runCliIn(environment, ['request', `${server.origin}/x`])).exitCode).toBe(2);
    expect(environment.contacted).toEqual([]);
  });

  it('allowed origins add up over logins', async () => {
    const { api, server, environment } = await loggedIn();
    const second = await startApi();
    await logInAgain(environment, server, ['--allow-origin', second.origin]);
    expect((await runCliIn(environment, ['request', api.origin])).exitCode).toBe(0);
    expect((await runCliIn(environment, ['request', second.origin])).exitCode).toBe(0);
  });

  it.each([
    'Authorization: Bearer canary',
    'authorization: canary',
    'AUTHORIZATION;',
    'Authorization:',
    'Host: evil.example',
    'Authorization : Bearer canary',
    'X: a\r\nAuthorization: Bearer canary',
    'Transfer-Encoding: chunked',
  ])('REQ-11, REQ-12, REQ-24: -H %j is refused, and nothing is sent', async (header) => {
    const { environment } = await loggedIn();
    const { api } = await loggedIn();
    const result = await runCliIn(environment, ['request', '-H', header, api.origin]);
    expect(result, result.stderr).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).not.toContain('canary');
    expect(environment.contacted).toEqual([]);
  });
});

describe('whose token is sent', () => {
  async function twoProfiles() {
    const api = await startApi();
    const server = await pool.start();
    const environment = await logInAt(server, ['--profile', 'work', '--allow-origin', api.origin]);
    await logInAgain(environment, server, ['--profile', 'home', '--allow-origin', api.origin]);
    const [work, home] = storedTokens(environment);
    return { api, server, environment, work: work!.accessToken, home: home!.accessToken };
  }

  it.each([
    [['--profile', 'work'], {}, 'work'],
    [['--profile=work'], {}, 'work'],
    [[], { OAUTH_CLI_PROFILE: 'work' }, 'work'],
    [['--profile', 'home'], { OAUTH_CLI_PROFILE: 'work' }, 'home'],
    [[], {}, 'home'],
  ])('%j %j: that of the profile named, else of the current one', async (argv, variables, who) => {
    const { api, environment, work, home } = await twoProfiles();
    await runCliIn({ ...environment, variables }, ['request', ...argv, api.origin]);
    expect(sentTokens(api)).toEqual([`Bearer ${who === 'work' ? work : home}`]);
  });

  it('the only one that allows the origin is taken, although another is the current one', async () => {
    const { api, server, environment } = await twoProfiles();
    const other = await startApi();
    await logInAgain(environment, server, ['--profile', 'play', '--allow-origin', other.origin]);
    await logInAgain(environment, server, ['--profile', 'work']);
    expect((await runCliIn(environment, ['request', other.origin])).exitCode).toBe(0);
    expect(sentTokens(other)).toEqual([`Bearer ${storedTokens(environment)[2]!.accessToken}`]);
    // Two allow this one and neither is the current one.
    await logInAgain(environment, server, ['--profile', 'play']);
    const ambiguous = await runCliIn(environment, ['request', api.origin]);
    expect(ambiguous.exitCode).toBe(2);
    expect(ambiguous.stderr).toMatch(/hint: name one of (work, home|home, work) with --profile/);
    expect(api.requests).toEqual([]);
  });

  it('REQ-01: a profile that is named obeys its own origins', async () => {
    const { environment, server } = await twoProfiles();
    const other = await startApi();
    await logInAgain(environment, server, ['--profile', 'play', '--allow-origin', other.origin]);
    const result = await runCliIn(environment, ['request', '--profile', 'work', other.origin]);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('it is no allowed origin of the profile work');
    expect(environment.contacted).toEqual([]);
  });

  it('an unknown profile is a usage error, and nobody being logged in is exit 3', async () => {
    const { api, environment } = await loggedIn();
    const unknown = await runCliIn(environment, ['request', '--profile', 'play', api.origin]);
    expect(unknown.exitCode).toBe(2);
    const nobody = await runCli(['request', api.origin]);
    expect(nobody).toMatchObject({ exitCode: 3, stdout: '' });
    expect(api.requests).toEqual([]);
  });
});

describe('a 401', () => {
  const challenge = { 'WWW-Authenticate': 'Bearer error="invalid_token"' };

  it('REQ-13, REF-13: leads to one refresh and one more try, with the same body', async () => {
    const { api, server, environment } = await loggedIn((request, response) => {
      const isFirst = request.headers.authorization === `Bearer ${first}`;
      response.writeHead(isFirst ? 401 : 200, isFirst ? challenge : {}).end(request.text);
    });
    const first = tokenOf(environment);
    const result = await runCliIn(environment, ['request', '-d', 'a=b', api.origin]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'a=b', stderr: '' });
    expect(sentTokens(api)).toEqual([`Bearer ${first}`, `Bearer ${tokenOf(environment)}`]);
    expect(server.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
    expect(api.requests.map(({ method, text }) => `${method} ${text}`)).toEqual([
      'POST a=b',
      'POST a=b',
    ]);
  });

  it('REF-13: that comes again is the answer', async () => {
    const { api, server, environment } = await loggedIn((_request, response) => {
      response.writeHead(401, challenge).end('no');
    });
    const result = await runCliIn(environment, ['request', api.origin]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'no', stderr: '' });
    expect(api.requests).toHaveLength(2);
    expect(server.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
  });

  it('without a refresh token is the answer at once', async () => {
    const { api, environment } = await loggedIn(
      (_request, response) => response.writeHead(401, challenge).end('no'),
      { token: ({ refresh_token: _, ...response }) => response },
    );
    const result = await runCliIn(environment, ['request', api.origin]);
    expect(result).toMatchObject({ exitCode: 0, stdout: 'no' });
    expect(api.requests).toHaveLength(1);
  });

  it.each([403, 400, 500])('a %i leads to no refresh', async (status) => {
    const { api, server, environment } = await loggedIn((_request, response) => {
      response.writeHead(status, challenge).end('no');
    });
    await runCliIn(environment, ['request', api.origin]);
    expect(api.requests).toHaveLength(1);
    expect(server.requests).toEqual([]);
  });

  it('whose refresh is refused is exit 3, and its connection does not stay open', async () => {
    let closed = 0;
    const { api, environment } = await loggedIn(
      (_request, response) => {
        response.on('close', () => (closed += 1));
        response.writeHead(401, challenge).write('never ends');
      },
      {
        intercept: (path, request, response) => {
          if (path !== '/token' || request.body.get('grant_type') !== 'refresh_token') return false;
          sendJson(response, 400, { error: 'invalid_grant' });
          return true;
        },
      },
    );
    const result = await runCliIn(environment, ['request', api.origin]);
    expect(result).toMatchObject({ exitCode: 3, stdout: '' });
    await expect.poll(() => closed).toBe(1);
  });

  it('REQ-19: a challenge that names other metadata leads nowhere', async () => {
    const other = await startApi();
    const { api, environment } = await loggedIn((_request, response) => {
      response
        .writeHead(401, {
          'WWW-Authenticate': `Bearer resource_metadata="${other.origin}/.well-known/x"`,
        })
        .end();
    });
    await runCliIn(environment, ['request', api.origin]);
    expect(other.requests).toEqual([]);
  });
});

it('a stale token is refreshed before the request', async () => {
  const { api, server, environment } = await loggedIn(undefined, {
    token: (response) => ({ ...response, expires_in: 30 }),
  });
  const before = tokenOf(environment);
  await runCliIn(environment, ['request', api.origin]);
  expect(sentTokens(api)).toEqual([`Bearer ${tokenOf(environment)}`]);
  expect(tokenOf(environment)).not.toBe(before);
  expect(server.requests.filter(({ path }) => path === '/token')).toHaveLength(1);
});

it('an API that is down is exit 7', async () => {
  const { api, environment } = await loggedIn();
  await api.close();
  expect(await runCliIn(environment, ['request', api.origin])).toMatchObject({
    exitCode: 7,
    stdout: '',
  });
});

it('TTY-03, REQ-21: control characters in a body are escaped on a terminal and untouched in a pipe', async () => {
  const answer: Answer = (_request, response) => response.end('a\u001b[2Jb');
  const piped = await loggedIn(answer);
  expect((await runCliIn(piped.environment, ['request', piped.api.origin])).stdout).toBe(
    'a\u001b[2Jb',
  );
  const terminal = await loggedIn(answer, {}, [], { isTTY: true });
  expect((await runCliIn(terminal.environment, ['request', terminal.api.origin])).stdout).toBe(
    'a\\x1b[2Jb',
  );
});
