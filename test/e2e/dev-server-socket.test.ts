// The process and its socket: where it listens, whom it answers, what it prints, how it ends.

import { once } from 'node:events';
import { request, Agent } from 'node:http';
import { connect, createServer, type AddressInfo } from 'node:net';
import { networkInterfaces } from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DevServer, DevServerError } from '../../src/dev-server/start.ts';
import { bearer, logIn, register } from '../unit/dev-server/independent-client.ts';

// Before the import, which is when oidc-provider would print its first warning.
const printed = recordOutput();
const { startDevServer } = await import('../../src/dev-server/start.ts');
const log: string[] = [];

let server: DevServer;
let port: number;

beforeAll(async () => {
  server = await startDevServer({ autoApprove: 'bob', log: (line) => log.push(line) });
  port = Number(new URL(server.issuer).port);
});
afterAll(async () => server.close());

describe('listening', () => {
  const elsewhere = Object.values(networkInterfaces())
    .flatMap((addresses) => addresses ?? [])
    .filter(({ internal, scopeid }) => !internal && (scopeid ?? 0) === 0)
    .map(({ address }) => address);

  it.each(['127.0.0.2', '::1', ...elsewhere])('DEVAS-01: nobody is reached at %s', async (host) => {
    const socket = connect({ host, port });
    const outcome = await Promise.race([
      once(socket, 'connect').then(() => 'connected'),
      once(socket, 'error').then(() => 'refused'),
    ]).catch(() => 'refused');
    socket.destroy();
    expect(outcome).toBe('refused');
  });

  it('tells by its code that the port is in use', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const taken = (other.address() as AddressInfo).port;
    const failure = await startDevServer({ port: taken }).catch((error: unknown) => error);
    other.close();
    expect(failure).toMatchObject({
      name: 'DevServerError',
      code: 'port_in_use',
      message: `port ${taken} is in use`,
    } satisfies Partial<DevServerError>);
  });

  it('uses the port that it is given', async () => {
    const first = await startDevServer();
    await first.close();
    const again = await startDevServer({ port: Number(new URL(first.issuer).port) });
    await again.close();
    expect(again.issuer).toBe(first.issuer);
  });

  it('answers /health', async () => {
    expect((await fetch(`${server.issuer}/health`)).status).toBe(200);
  });
});

describe('the Host header', () => {
  const well = '/.well-known/oauth-authorization-server';

  it.each([
    ['a foreign name', ['evil.example']],
    ['a foreign name with our port', ['evil.example:PORT']],
    ['localhost', ['localhost:PORT']],
    ['no port', ['127.0.0.1']],
    ['another port', ['127.0.0.1:1']],
    ['another spelling', ['127.1:PORT']],
    ['an empty value', ['']],
    ['two values', ['127.0.0.1:PORT', 'evil.example']],
  ])('DEVAS-01: is refused with %s', async (_, hosts) => {
    const lines = hosts.map((host) => `Host: ${host.replace('PORT', String(port))}`);
    const answer = await raw(`GET ${well} HTTP/1.1`, ...lines);
    expect(answer).toMatch(/^HTTP\/1\.1 4(00|21) /);
    expect(answer).not.toContain('token_endpoint');
  });

  it.each(['http://evil.example', '//evil.example', '*'])(
    'DEVAS-01: does not help the request target %s',
    async (target) => {
      const answer = await raw(`GET ${target}${well} HTTP/1.1`, `Host: 127.0.0.1:${port}`);
      expect(answer).toMatch(/^HTTP\/1\.1 4\d\d /);
      expect(answer).not.toContain('evil');
    },
  );

  it('DEVAS-01: is needed in HTTP/1.0 too', async () => {
    expect(await raw(`GET ${well} HTTP/1.0`)).toMatch(/^HTTP\/1\.1 421 /);
  });

  it('of this server is answered, and nothing forwarded changes the endpoints', async () => {
    const answer = await raw(
      `GET ${well} HTTP/1.1`,
      `Host: 127.0.0.1:${port}`,
      'X-Forwarded-Host: evil.example',
      'X-Forwarded-Proto: https',
      'Forwarded: host=evil.example',
    );
    expect(answer).toContain(`"token_endpoint":"${server.issuer}/token"`);
    expect(answer).not.toContain('evil');
  });
});

describe('secrets', () => {
  it('DEVAS-12: differ from start to start', async () => {
    const describeServer = async ({ issuer, users }: DevServer) => {
      const { keys } = (await (await fetch(`${issuer}/jwks`)).json()) as { keys: { x: string }[] };
      return [keys[0]!.x, users[0]!.password];
    };
    const other = await startDevServer();
    const [one, two] = [await describeServer(server), await describeServer(other)];
    await other.close();
    expect(one[0]).not.toBe(two[0]);
    expect(one[1]).not.toBe(two[1]);
    expect(one[1]).toMatch(/^[a-z2-9]{4}-[a-z2-9]{4}-[a-z2-9]{4}$/);
  });

  it('DEVAS-12: publishes public keys only', async () => {
    const { keys } = (await (await fetch(`${server.issuer}/jwks`)).json()) as { keys: object[] };
    expect(keys.map((key) => Object.keys(key).sort())).toEqual([
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
    ]);
  });

  it('make the tokens of one server worthless at another', async () => {
    const other = await startDevServer({ autoApprove: 'bob' });
    const { access_token } = await logIn(other.issuer, (await register(other.issuer)).client_id);
    await other.close();
    const response = await fetch(server.protectedResource, bearer(access_token));
    expect(response.headers.get('www-authenticate')).toContain('its signature is wrong');
  });
});

describe('output', () => {
  it('is nothing at all, from the import to the end of a login', async () => {
    const { access_token } = await logIn(server.issuer, (await register(server.issuer)).client_id);
    await fetch(server.protectedResource, bearer(access_token));
    await fetch(`${server.issuer}/authorize?client_id=nobody`);
    expect(printed()).toEqual([]);
  });

  it('DEVAS-12: goes to the log, says development only, and holds no secret', async () => {
    const { code, access_token } = await logIn(
      server.issuer,
      (await register(server.issuer)).client_id,
    );
    expect(log[0]).toMatch(/^development only: /);
    expect(log).toContain('POST /token 200');
    expect(log.join('\n')).not.toContain(code);
    expect(log.join('\n')).not.toContain(access_token);
    for (const { password } of server.users) expect(log.join('\n')).not.toContain(password);
  });
});

it('closes while connections are open: idle, kept alive, and in the middle of a request', async () => {
  const closing = await startDevServer();
  const address = { host: '127.0.0.1', port: Number(new URL(closing.issuer).port) };
  const idle = connect(address);
  await once(idle, 'connect');
  const agent = new Agent({ keepAlive: true });
  const [answer] = (await once(
    request({ ...address, path: '/health', agent }).end(),
    'response',
  )) as [NodeJS.ReadableStream];
  answer.resume();
  await once(answer, 'end');
  const unfinished = connect(address);
  await once(unfinished, 'connect');
  unfinished.write(
    `POST /token HTTP/1.1\r\nHost: 127.0.0.1:${address.port}\r\nContent-Length: 9\r\n\r\na`,
  );
  const ended = [idle, unfinished].map(async (socket) => {
    socket.on('error', () => undefined);
    return new Promise((resolve) => socket.once('close', resolve));
  });
  await closing.close();
  await Promise.all(ended);
  agent.destroy();
  await expect(fetch(`${closing.issuer}/health`)).rejects.toThrow();
}, 5_000);

/** One request as it is written, on a connection of its own. */
async function raw(...lines: string[]): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  const chunks: Buffer[] = [];
  socket.on('data', (chunk: Buffer) => chunks.push(chunk));
  socket.write([...lines, 'Connection: close', '', ''].join('\r\n'));
  await once(socket, 'close');
  return Buffer.concat(chunks).toString();
}

function recordOutput(): () => readonly unknown[] {
  const lines: unknown[] = [];
  const { console } = globalThis;
  const record = (...values: unknown[]) => void lines.push(values);
  globalThis.console = new Proxy(console, { get: () => record });
  process.on('warning', (warning) => lines.push(warning.message));
  afterAll(() => void (globalThis.console = console));
  return () => lines;
}
