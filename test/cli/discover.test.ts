// Finding the authorization server: protected resources, metadata by hand, presets; with `login` and `discover`.

import { afterEach, describe, expect, it } from 'vitest';
import { presets } from '../../src/profile/presets.ts';
import type { Script, ScriptedServer } from '../support/authorization-server.ts';
import { sendJson } from '../support/authorization-server.ts';
import type { TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { configurationOf, serverPool } from '../support/logged-in.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

type Json = Record<string, unknown>;
type Api = {
  challenge?: (origin: string) => string;
  metadata?: (origin: string) => unknown;
  /** Where the metadata are; the well-known place of /v1 when absent. */
  place?: string;
};

const pool = serverPool();
afterEach(() => pool.close());

/** A protected resource on an origin of its own, which answers 401 to everything but the place of its metadata. */
async function startApi({ challenge, metadata, place }: Api): Promise<ScriptedServer> {
  return pool.start({
    intercept: (path, request, response) => {
      const origin = `http://${request.headers.host!}`;
      if (
        path === (place ?? '/.well-known/oauth-protected-resource/v1') &&
        metadata !== undefined
      ) {
        sendJson(response, 200, metadata(origin));
      } else {
        response.writeHead(401, {
          'www-authenticate': challenge?.(origin) ?? 'Bearer realm="api"',
        });
        response.end();
      }
      return true;
    },
  });
}

function person(server: ScriptedServer, options: TestOptions = {}) {
  const asked: URL[] = [];
  const environment = testEnvironment({
    browser: async (url) => {
      asked.push(new URL(url));
      await server.browse(url);
    },
    ...options,
  });
  return { environment, asked };
}

const resourceMetadata =
  (server: ScriptedServer, change: Json = {}) =>
  (origin: string): Json => ({
    resource: `${origin}/v1`,
    authorization_servers: [server.issuer],
    scopes_supported: ['read', 'write'],
    ...change,
  });

const noMetadata: Script['intercept'] = (path, _request, response) => {
  if (!path.includes('/.well-known/')) return false;
  response.writeHead(404).end();
  return true;
};

describe('the URL of a protected resource', () => {
  it('RFC 9728: leads to its authorization server, scopes, resource indicator and origin', async () => {
    const server = await pool.start();
    const api = await startApi({ metadata: resourceMetadata(server) });
    const { environment, asked } = person(server);
    const result = await runCliIn(environment, ['login', `${api.origin}/v1`]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(asked[0]!.searchParams.get('resource')).toBe(`${api.origin}/v1`);
    expect(asked[0]!.searchParams.get('scope')).toBe('read write openid offline_access');
    expect(JSON.parse(configurationOf(environment))).toMatchObject({
      profiles: {
        [new URL(api.origin).host]: {
          issuer: server.issuer,
          resources: [`${api.origin}/v1`],
          allowed_origins: [api.origin],
          target: `${api.origin}/v1`,
        },
      },
    });
  });

  it('DISC-19: the authorization server that it leads to is named on stderr', async () => {
    const server = await pool.start();
    const api = await startApi({ metadata: resourceMetadata(server) });
    const { environment } = person(server);
    const { stderr } = await runCliIn(environment, ['login', `${api.origin}/v1`]);
    expect(stderr).toContain(
      `${api.origin}/v1 accepts tokens of the authorization server ${server.issuer}`,
    );
  });

  it('AUTHZ-15: the scope of the challenge goes before the scopes of the metadata', async () => {
    const server = await pool.start();
    const api = await startApi({
      challenge: (origin) =>
        `Basic realm="x, y", Bearer error="invalid_token", scope="read", resource_metadata="${origin}/meta"`,
      place: '/meta',
      metadata: resourceMetadata(server),
    });
    const { environment, asked } = person(server);
    const result = await runCliIn(environment, ['login', `${api.origin}/v1/things/7`]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(asked[0]!.searchParams.get('scope')).toBe('read openid offline_access');
    expect(asked[0]!.searchParams.get('resource')).toBe(`${api.origin}/v1`);
  });

  it.each<[string, (origin: string) => unknown]>([
    ['of another origin', () => 'https://api.example/v1'],
    ['of another path', (origin) => `${origin}/v2`],
    ['cut inside a segment', (origin) => `${origin}/v`],
    ['deeper than what was asked', (origin) => `${origin}/v1/things/8`],
    ['with a query', (origin) => `${origin}/v1?x`],
    ['missing', () => undefined],
    ['no text', () => 7],
  ])('DISC-18: a resource %s is refused', async (_title, resource) => {
    const server = await pool.start();
    const api = await startApi({
      challenge: (origin) => `Bearer resource_metadata="${origin}/meta"`,
      place: '/meta',
      metadata: (origin) => ({
        ...resourceMetadata(server)(origin),
        resource: resource(origin),
      }),
    });
    const { environment, asked } = person(server);
    const result = await runCliIn(environment, ['login', `${api.origin}/v1/things/7`]);
    expect(result, result.stderr).toMatchObject({ exitCode: 6, stdout: '' });
    expect(asked).toEqual([]);
    expect(server.requests).toEqual([]);
    expect([...environment.secrets.keys(), ...environment.homeFiles.keys()]).toEqual([]);
  });

  it('DISC-18: at the well-known place nothing but the identifier itself is believed', async () => {
    const server = await pool.start();
    const api = await startApi({
      metadata: (origin) => ({ ...resourceMetadata(server)(origin), resource: origin }),
    });
    const { environment } = person(server);
    const result = await runCliIn(environment, ['login', `${api.origin}/v1`]);
    expect(result, result.stderr).toMatchObject({ exitCode: 6 });
    expect(server.requests).toEqual([]);
  });

  it.each([
    ['the user information of a URL', 'https://a:b@as.example'],
    ['plain http elsewhere', 'http://as.example'],
    ['no URL', 'as.example'],
    ['a query', 'https://as.example/?x'],
    ['a script', 'javascript:alert(1)'],
  ])('DISC-20: an authorization server that is %s is not asked', async (_title, issuer) => {
    const server = await pool.start();
    const api = await startApi({
      metadata: resourceMetadata(server, { authorization_servers: [issuer] }),
    });
    const { environment } = person(server);
    const result = await runCliIn(environment, ['login', `${api.origin}/v1`]);
    expect(result, result.stderr).toMatchObject({ exitCode: 6 });
    expect(new Set(environment.contacted.map((line) => line.split(/[ /]/)[1]))).toEqual(
      new Set([new URL(api.origin).host]),
    );
  });

  it('--issuer chooses one of several authorization servers; the first is the default', async () => {
    const [first, second] = [await pool.start(), await pool.start()];
    const api = await startApi({
      metadata: resourceMetadata(first, { authorization_servers: [first.issuer, second.issuer] }),
    });
    const target = `${api.origin}/v1`;
    const chosen = await runCli(['discover', target, '--issuer', second.issuer, '--json']);
    expect(JSON.parse(chosen.stdout)).toMatchObject({ issuer: second.issuer });
    const byDefault = await runCli(['discover', target]);
    expect(byDefault.stdout).toContain(first.issuer);
    expect(byDefault.stderr).toContain(`it also accepts ${second.issuer}`);
    const other = await runCli(['discover', target, '--issuer', 'https://as.example']);
    expect(other).toMatchObject({ exitCode: 2, stdout: '' });
    expect(other.stderr).toContain('does not accept tokens of https://as.example');
  });

  it('DISC-19: no client secret goes to a server that only the resource vouches for', async () => {
    const server = await pool.start();
    const api = await startApi({ metadata: resourceMetadata(server) });
    const options = { variables: { OAUTH_CLI_CLIENT_SECRET: 'hush' } };
    const argv = ['login', `${api.origin}/v1`, '--client-id', 'me'];
    const { environment, asked } = person(server, options);
    const result = await runCliIn(environment, argv);
    expect(result, result.stderr).toMatchObject({ exitCode: 2 });
    expect(asked).toEqual([]);
    const trusted = await runCliIn(environment, [...argv, '--issuer', server.issuer]);
    expect(trusted.exitCode, trusted.stderr).toBe(0);
  });

  it('DISC-19: a resource that names another server than at the last login is refused without a TTY', async () => {
    const [before, after] = [await pool.start(), await pool.start()];
    let current = before;
    const api = await startApi({ metadata: (origin) => resourceMetadata(current)(origin) });
    const { environment } = person(before);
    expect((await runCliIn(environment, ['login', `${api.origin}/v1`])).exitCode).toBe(0);
    const stored = [...environment.secrets.values()];
    current = after;
    const result = await runCliIn(environment, ['login', `${api.origin}/v1`]);
    expect(result, result.stderr).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain(`now names ${after.issuer}`);
    expect([...environment.secrets.values()]).toEqual(stored);
    expect(after.requests.filter(({ method }) => method === 'POST')).toEqual([]);
  });
});

describe('metadata by hand', () => {
  it('--endpoint makes a login work where there is no metadata, and a refresh after it', async () => {
    const server = await pool.start({
      intercept: noMetadata,
      token: ({ id_token: _unasked, ...response }) => response,
    });
    const { environment } = person(server);
    const result = await runCliIn(environment, [
      ...['login', server.issuer, '--client-id', 'me', '--scope', 'read', '--profile', 'work'],
      ...['--endpoint', `authorization=${server.origin}/authorize`],
      ...['--endpoint', `token=${server.origin}/token`],
    ]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(await runCliIn(environment, ['token', '--refresh'])).toMatchObject({ exitCode: 0 });
    const again = await runCliIn(environment, ['login', '--profile', 'work']);
    expect(again.exitCode, again.stderr).toBe(0);
  });

  it('--metadata takes a file, whose issuer must be the target', async () => {
    const server = await pool.start({ intercept: noMetadata });
    const document = {
      issuer: server.issuer,
      authorization_endpoint: `${server.origin}/authorize`,
      token_endpoint: `${server.origin}/token`,
      jwks_uri: `${server.origin}/jwks`,
      registration_endpoint: `${server.origin}/register`,
      id_token_signing_alg_values_supported: ['ES256'],
    };
    const { environment } = person(server, {
      files: { 'as.json': JSON.stringify(document), 'bad.json': '{' },
    });
    const argv = ['--metadata', 'as.json', '--scope', 'openid'];
    const result = await runCliIn(environment, ['login', server.issuer, ...argv]);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(environment.contacted.filter((line) => line.includes('.well-known'))).toEqual([]);
    expect(
      await runCliIn(environment, ['discover', `${server.issuer}/x`, ...argv.slice(0, 2)]),
    ).toMatchObject({ exitCode: 6, stdout: '' });
    expect(
      await runCliIn(environment, ['discover', server.issuer, '--metadata', 'bad.json']),
    ).toMatchObject({ exitCode: 2, stdout: '' });
  });

  it.each(['token', 'tokens=https://as.example', 'token=ftp://as.example', 'token=https://a:b@c'])(
    '--endpoint %s is a usage error',
    async (value) => {
      const result = await runCli(['discover', 'https://as.example', '--endpoint', value]);
      expect(result).toMatchObject({ exitCode: 2, stdout: '' });
      expect(result.environment.contacted).toEqual([]);
    },
  );

  it('DISC-23: signed metadata are left aside with a notice', async () => {
    const server = await pool.start({
      metadata: (metadata) => ({ ...metadata, signed_metadata: 'eyJhbGciOiJub25lIn0.e30.' }),
    });
    const result = await runCli(['discover', server.issuer, '--json']);
    const document = JSON.parse(result.stdout) as { notices: string[]; metadata: Json };
    expect(document.notices.join()).toContain('signed metadata');
    expect(document.metadata).not.toHaveProperty('signed_metadata');
  });
});

describe('presets', () => {
  it.each(presets.map((preset) => [preset.name, preset] as const))(
    '%s names the source of its facts, and https addresses only',
    (_name, preset) => {
      expect(preset.sources.length).toBeGreaterThan(0);
      const urls = [
        preset.issuer,
        preset.registerAt,
        ...preset.sources,
        ...preset.allowedOrigins,
        ...Object.values(preset.metadata ?? {}).filter((value) => typeof value === 'string'),
      ];
      expect(urls.filter((url) => new URL(url).protocol !== 'https:')).toEqual([]);
      expect(preset.allowedOrigins.map((origin) => new URL(origin).origin)).toEqual(
        preset.allowedOrigins,
      );
    },
  );

  it('one without its client id says where to get one, and nothing is contacted', async () => {
    const result = await runCli(['login', 'github']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('needs a client of yours');
    expect(result.stderr).toContain('register one at https://github.com/settings/developers');
    expect(result.environment.contacted).toEqual([]);
  });

  it('an unknown name is told with those that are known', async () => {
    const result = await runCli(['discover', 'gihtub']);
    expect(result).toMatchObject({ exitCode: 2, stdout: '' });
    expect(result.stderr).toContain('github, gitlab, google, spotify');
  });
});

describe('discover', () => {
  it('shows a table, and with --json one document', async () => {
    const server = await pool.start();
    const table = await runCli(['discover', server.issuer]);
    expect(table).toMatchObject({ exitCode: 0, stderr: '' });
    expect(table.stdout).toContain(`token             ${server.origin}/token`);
    expect(table.stdout).toContain('scope             openid offline_access');
    const json = await runCli(['discover', server.issuer, '--json']);
    expect(JSON.parse(json.stdout)).toMatchObject({
      issuer: server.issuer,
      resource: null,
      would_use: { grant: 'authorization_code', client: 'registers itself' },
      metadata: { token_endpoint: `${server.origin}/token` },
    });
  });

  it('escapes what could steer a terminal', async () => {
    const server = await pool.start({
      metadata: (metadata) => ({ ...metadata, scopes_supported: ['\u001b[2Jx'] }),
    });
    const { stdout } = await runCli(['discover', server.issuer]);
    expect(stdout).toContain('\\x1b[2Jx');
  });
});
