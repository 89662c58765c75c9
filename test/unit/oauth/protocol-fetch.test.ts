import { gzipSync } from 'node:zlib';
import * as oauth from 'oauth4webapi';
import { afterEach, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../../src/adapters/http/http-transport.ts';
import type { HttpRequest } from '../../../src/environment.ts';
import { CancelledError } from '../../../src/errors.ts';
import type { CliError } from '../../../src/errors.ts';
import { createProtocolFetch } from '../../../src/oauth/protocol-fetch.ts';
import type { ProtocolFetchOptions, ProtocolLimits } from '../../../src/oauth/protocol-fetch.ts';
import { httpResponse, startByteServer } from '../../support/byte-server.ts';
import type { Answer, ByteServer } from '../../support/byte-server.ts';

const http = createHttpTransport();
const cancelled = new AbortController().signal;
const json = { 'Content-Type': 'application/json' };
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

describe('what is sent', () => {
  it('NET-02: asks for an uncoded body, under our own User-Agent', async () => {
    const server = await serve(httpResponse('{}', json));
    await get(server, '/x', { headers: { 'user-agent': 'library', 'Accept-Encoding': 'gzip' } });
    const request = server.received[0]!;
    expect(request.match(/^(user-agent|accept-encoding): .*$/gim)).toEqual([
      'user-agent: oauth-cli/0',
      'accept-encoding: identity',
    ]);
  });

  it('NET-04: allows 5 s for the connection and 10 s for everything', async () => {
    const server = await serve(httpResponse('{}', json));
    const seen: HttpRequest[] = [];
    const recording = { send: (request: HttpRequest) => (seen.push(request), http.send(request)) };
    const protocolFetch = createProtocolFetch({ http: recording, cancelled }, 'oauth-cli/0');
    await protocolFetch(server.origin, { method: 'GET', headers: {}, redirect: 'manual' });
    expect(seen).toMatchObject([{ connectTimeout: 5000, timeout: 10_000 }]);
  });

  it('carries a request of oauth4webapi and its response', async () => {
    const server = await serve(httpResponse('{"access_token":"t","token_type":"Bearer"}', json));
    const response = await oauth.clientCredentialsGrantRequest(
      { issuer: server.origin, token_endpoint: `${server.origin}/token` },
      { client_id: 'c' },
      oauth.ClientSecretPost('s'),
      { scope: 'a b' },
      {
        [oauth.customFetch]: createProtocolFetch({ http, cancelled }, 'oauth-cli/0'),
        // eslint-disable-next-line @typescript-eslint/no-deprecated -- marked so to stand out
        [oauth.allowInsecureRequests]: true,
      },
    );
    expect(response.url).toBe(`${server.origin}/token`);
    expect(await response.json()).toEqual({ access_token: 't', token_type: 'Bearer' });
    expect(server.received[0]).toMatch(/^POST \/token HTTP\/1\.1\r\n/);
    expect(server.received[0]).toMatch(/\r\n\r\nscope=a\+b&.*grant_type=client_credentials/);
  });
});

describe('a success', () => {
  it.each([
    'application/json',
    'Application/JSON; Charset="UTF-8"',
    'application/json;v=1',
    'application/x+json',
  ])('DISC-05: is believed as %s', async (type) => {
    const response = await getJson(await serve(httpResponse('{"a":1}', { 'Content-Type': type })));
    expect(await response.json()).toEqual({ a: 1 });
  });

  it.each([
    'text/html',
    'application/json; charset=utf-16',
    'text/json',
    'application/jsonp',
    'x',
    'application/json, text/html',
  ])('DISC-05, DISC-06: is refused as %s, although the body is JSON', async (type) => {
    const server = await serve(httpResponse('{"a":1}', { 'Content-Type': type }));
    const error = await refusal(getJson(server));
    expect(error.message).toBe(`${server.origin}/x answered with content type "${type}"`);
    expect(error.hint ?? '').toMatch(type === 'text/html' ? /captive portal/ : /^$/);
  });

  it('DISC-05: is refused without a content type', async () => {
    const error = await refusal(getJson(await serve(httpResponse('{}'))));
    expect(error.message).toMatch(/answered without a content type$/);
  });

  it('DISC-06: may be a JWT only where one was asked for', async () => {
    const jwt = await serve(httpResponse('a.b.c', { 'Content-Type': 'application/jwt' }));
    await refusal(getJson(jwt));
    const asked = await get(jwt, '/x', {
      headers: { accept: 'application/json, application/jwt' },
    });
    expect(await asked.text()).toBe('a.b.c');
  });

  it('may have any content type where the request names none', async () => {
    const server = await serve(httpResponse('<p>', { 'Content-Type': 'text/html' }));
    expect((await get(server, '/revoke')).status).toBe(200);
  });

  it('may have no body: the caller judges the status', async () => {
    const response = await getJson(await serve('HTTP/1.1 204 No Content\r\n\r\n'));
    expect([response.status, response.body]).toEqual([204, null]);
  });

  const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth);
  it.each([
    ['DISC-17: duplicate members', '{"issuer":"a","issuer":"b"}'],
    ['NET-05: 65 levels', nested(65)],
    ['NET-05: 100,000 levels', nested(100_000)],
    [
      'NET-05: 10,001 members',
      JSON.stringify(Object.fromEntries(Array.from({ length: 10_001 }, (_, i) => [`m${i}`, 0]))),
    ],
    ['NET-05: an infinite number', '{"a":1e400}'],
    ['a BOM', '\ufeff{}'],
    ['invalid UTF-8', Buffer.from([0x22, 0xff, 0x22])],
    ['no JSON', '<html>'],
    ['nothing', ''],
  ])('is refused with %s', async (_what, body) => {
    const error = await refusal(getJson(await serve(httpResponse(body, json))));
    expect(error.message).toMatch(/answered with JSON that cannot be used: /);
  });

  it('DISC-16, NET-05: ignores thousands of unknown members and hostile names', async () => {
    const unknown = Array.from({ length: 9_990 }, (_, index) => `"m${index}":0`).join(',');
    const body = `{"issuer":"i","__proto__":{"polluted":1},"constructor":1,"toString":2,"hasOwnProperty":3,${unknown}}`;
    const document = (await (
      await getJson(await serve(httpResponse(body, json)))
    ).json()) as object;
    expect(Object.getPrototypeOf(document)).toBe(Object.prototype);
    expect('polluted' in {}).toBe(false);
    expect(document).toMatchObject({ issuer: 'i', m9989: 0 });
  });
});

describe('sizes', () => {
  const kilobyte = 1024;
  it.each([
    ['metadata', 256, '/.well-known/openid-configuration', 'application/json'],
    ['a JWK Set', 512, '/.well-known/jwks.json', 'application/json, application/jwk-set+json'],
    ['anything else', 1024, '/token', 'application/json'],
    ['anything else without an accept', 1024, '/revoke', ''],
  ])('NET-01: takes %s up to %i KB and stops there', async (_what, limit, path, accept) => {
    const body = (size: number): string => '{}'.padEnd(size);
    const fits = await serve(httpResponse(body(limit * kilobyte), json));
    expect((await get(fits, path, { headers: { accept } })).status).toBe(200);
    const tooLong = await serve(httpResponse(body(limit * kilobyte + 1), json));
    const error = await refusal(get(tooLong, path, { headers: { accept } }));
    expect(error.message).toMatch(new RegExp(`answered with more than ${limit} KB$`));
  });

  it('NET-01: drops the connection of an endless body instead of reading it', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n');
      const pour = (): void => {
        while (!socket.destroyed && socket.write(' '.repeat(65_536)));
      };
      socket.on('drain', pour);
      pour();
    });
    await refusal(getJson(server, { timeout: 3_600_000 }));
    await allClosed(server);
  });

  it.each([
    ['a redirect', '302 Found', 'application/json'],
    ['a web page', '200 OK', 'text/html'],
  ])('NET-01: drops the connection of %s without reading the body', async (_what, status, type) => {
    const server = await serve((socket) =>
      socket.write(`HTTP/1.1 ${status}\r\nContent-Type: ${type}\r\n\r\nand so on`),
    );
    await refusal(getJson(server, { timeout: 3_600_000 }));
    await allClosed(server);
  });

  it.each([
    ['gzip', 'gzip'],
    ['two codings', 'gzip, gzip'],
    ['a thousand codings', Array(1000).fill('gzip').join(',')],
    ['an unknown coding', 'x'],
  ])('NET-02, NET-03: refuses %s', async (_what, coding) => {
    const server = await serve(
      httpResponse(gzipSync('{}'), { ...json, 'Content-Encoding': coding }),
    );
    expect((await refusal(getJson(server))).message).toMatch(/compressed body/);
  });

  it('NET-02: takes the coding identity', async () => {
    const server = await serve(httpResponse('{}', { ...json, 'Content-Encoding': 'identity' }));
    expect((await getJson(server)).status).toBe(200);
  });
});

describe('a redirect', () => {
  it.each([
    [
      '301 Moved',
      'https://evil.example/cb?code=canary',
      / to https:\/\/evil\.example \(status 301\)/,
    ],
    ['302 Found', '//evil.example/canary', / to http:\/\/evil\.example \(status 302\)/],
    ['307 Temporary', 'javascript:canary', /a redirect \(status 307\)/],
    ['308 Permanent', undefined, /a redirect \(status 308\)/],
  ])(
    'DISC-07: %s is not followed, and only its origin is named',
    async (status, location, message) => {
      const headers: Record<string, string> = location === undefined ? {} : { Location: location };
      const server = await serve(httpResponse('', headers, status));
      const error = await refusal(getJson(server));
      expect(error.message).toMatch(message);
      expect(error.message).not.toContain('canary');
      expect(server.received).toHaveLength(1);
    },
  );
});

describe('an error response', () => {
  it('passes its status and JSON on', async () => {
    const server = await serve(httpResponse('{"error":"invalid_grant"}', json, '400 Bad Request'));
    const response = await getJson(server);
    expect([response.status, await response.json()]).toEqual([400, { error: 'invalid_grant' }]);
  });

  it.each<[string, Answer, string]>([
    ['HTML', httpResponse('<h1>', { 'Content-Type': 'text/html' }, '403 No'), '<h1>'],
    ['nothing', httpResponse('', {}, '403 No'), ''],
    ['compressed', httpResponse(gzipSync('{}'), { 'Content-Encoding': 'gzip' }, '403 No'), ''],
    ['bad JSON', httpResponse('{"error":"a","error":"b"}', json, '403 No'), ''],
    ['no UTF-8', httpResponse(Buffer.from([0xff]), json, '403 No'), ''],
    ['cut', 'HTTP/1.1 403 No\r\nContent-Length: 9\r\n\r\n{', ''],
  ])('DISC-07: keeps its status when the body is %s', async (_what, answer, body) => {
    const response = await getJson(await serve(answer));
    expect([response.status, await response.text()]).toEqual([403, body]);
  });

  it('NET-01: is cut off at 64 KB', async () => {
    const server = await serve(httpResponse('x'.repeat(1_000_000), {}, '500 Oops'));
    const response = await getJson(server);
    expect([response.status, (await response.text()).length]).toEqual([500, 65_536]);
  });
});

describe('time', () => {
  it('NET-04: ends a body that drips at the total limit', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n');
      const drip = setInterval(() => socket.write(' '), 20);
      socket.on('close', () => clearInterval(drip));
    });
    await expect(getJson(server, { timeout: 300 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('NET-04: ends the drip of an error body, too', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 500 Oops\r\n\r\nx'));
    await expect(getJson(server, { timeout: 300 })).rejects.toMatchObject({ code: 'timeout' });
  });

  it('ends when the process is cancelled', async () => {
    const server = await serve(() => undefined);
    const control = new AbortController();
    const protocolFetch = createProtocolFetch({ http, cancelled: control.signal }, 'oauth-cli/0');
    const pending = protocolFetch(server.origin, {
      method: 'GET',
      headers: {},
      redirect: 'manual',
    });
    const reason = new CancelledError('SIGTERM');
    control.abort(reason);
    await expect(pending).rejects.toBe(reason);
  });

  it('NET-07: reports an unreachable server as network', async () => {
    const server = await startByteServer('');
    await server.close();
    await expect(getJson(server)).rejects.toMatchObject({
      code: 'network',
      message: expect.stringMatching(/refused the connection$/),
    });
  });
});

async function allClosed(server: ByteServer): Promise<void> {
  const closed = [...server.open].map(
    (socket) => new Promise<void>((resolve) => socket.once('close', () => resolve())),
  );
  await Promise.all(closed);
}

async function serve(answer: Answer): Promise<ByteServer> {
  const server = await startByteServer(answer);
  cleanUps.push(() => server.close());
  return server;
}

function getJson(server: ByteServer, limits: Partial<ProtocolLimits> = {}): Promise<Response> {
  return get(server, '/x', { headers: { accept: 'application/json' } }, limits);
}

function get(
  server: ByteServer,
  path: string,
  options: Partial<ProtocolFetchOptions> = {},
  limits: Partial<ProtocolLimits> = {},
): Promise<Response> {
  const protocolFetch = createProtocolFetch({ http, cancelled }, 'oauth-cli/0', limits);
  return protocolFetch(server.origin + path, {
    method: 'GET',
    headers: {},
    redirect: 'manual',
    ...options,
  });
}

async function refusal(promise: Promise<unknown>): Promise<CliError> {
  const error = await promise.then(
    () => undefined,
    (thrown: unknown) => thrown as CliError,
  );
  expect(error).toMatchObject({ code: 'protocol_violation' });
  return error!;
}
