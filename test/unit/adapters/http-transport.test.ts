import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import net from 'node:net';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createHttpTransport } from '../../../src/adapters/http/http-transport.ts';
import type { HttpRequest, HttpResponse } from '../../../src/environment.ts';
import { CancelledError, CliError } from '../../../src/errors.ts';
import { httpResponse, startByteServer } from '../../support/byte-server.ts';
import type { Answer, ByteServer } from '../../support/byte-server.ts';
import { hasOpenssl, makeCertificates } from '../../support/certificates.ts';
import type { Certificates, Credentials } from '../../support/certificates.ts';

const transport = createHttpTransport();
const cleanUps: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const cleanUp of cleanUps.splice(0)) await cleanUp();
});

describe('an exchange', () => {
  it('sends method, target, headers in the given case and order, and the body', async () => {
    const server = await serve(httpResponse('ok'));
    await text(
      await transport.send({
        method: 'PUT',
        url: new URL(`${server.origin}/a/b?c=d%20e`),
        headers: [
          ['X-First', 'ü'],
          ['x-second', '1'],
          ['X-FIRST', '2'],
        ],
        body: new TextEncoder().encode('héllo'),
      }),
    );
    expect(Buffer.from(server.received[0]!, 'latin1').toString('utf8')).toBe(
      `PUT /a/b?c=d%20e HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\nX-First: ü\r\nX-First: 2\r\nx-second: 1\r\nContent-Length: 6\r\n\r\nhéllo`,
    );
  });

  it('adds no header of its own but Host, and no framing without a body', async () => {
    const server = await serve(httpResponse('ok'));
    await text(await transport.send({ method: 'POST', url: new URL(server.origin), headers: [] }));
    expect(server.received).toEqual([`POST / HTTP/1.1\r\nHost: 127.0.0.1:${server.port}\r\n\r\n`]);
  });

  it('streams a body of unknown length in chunks', async () => {
    const server = createServer((request, response) => request.pipe(response));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(async () => server.close());
    const { port } = server.address() as net.AddressInfo;
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('one,');
      yield Buffer.from('two');
    }
    const url = new URL(`http://127.0.0.1:${port}/`);
    const response = await transport.send({ method: 'POST', url, headers: [], body: body() });
    expect(await text(response)).toBe('one,two');
  });

  it("passes on the error of the request body's source", async () => {
    const server = await serve(() => undefined);
    async function* body(): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x');
      throw new CliError('usage', 'the file is gone');
    }
    await expect(send(server, { method: 'POST', body: body() })).rejects.toMatchObject({
      code: 'usage',
      message: 'the file is gone',
    });
  });

  it('returns status, reason, version and headers as they came', async () => {
    const server = await serve(
      'HTTP/1.1 418 Teapot\r\nX-A: 1\r\nSet-Cookie: a\r\nx-a: 2\r\nset-cookie: b\r\n\r\nbody',
    );
    const response = await send(server);
    expect(response).toMatchObject({ status: 418, statusText: 'Teapot', httpVersion: '1.1' });
    expect(response.headers).toEqual([
      ['X-A', '1'],
      ['Set-Cookie', 'a'],
      ['x-a', '2'],
      ['set-cookie', 'b'],
    ]);
    expect(await text(response)).toBe('body');
  });

  it('follows no redirect and undoes no content coding', async () => {
    const server = await serve(
      httpResponse('raw', { Location: '/elsewhere', 'Content-Encoding': 'gzip' }, '302 Found'),
    );
    const response = await send(server);
    expect([response.status, await text(response)]).toEqual([302, 'raw']);
    expect(server.received).toHaveLength(1);
  });

  it('does not turn a user name in the URL into an Authorization header', async () => {
    const server = await serve(httpResponse('ok'));
    const url = new URL(`http://user:canary@127.0.0.1:${server.port}/`);
    await text(await transport.send({ method: 'GET', url, headers: [] }));
    expect(server.received[0]).not.toMatch(/authorization|canary/i);
  });

  it('NET-06: gets past 1xx responses', async () => {
    const server = await serve(
      `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n${String(httpResponse('ok'))}`,
    );
    expect(await text(await send(server))).toBe('ok');
  });

  it('takes headers up to 64 KB', async () => {
    const server = await serve(httpResponse('ok', { 'X-Long': 'a'.repeat(60_000) }));
    expect(await text(await send(server))).toBe('ok');
  });

  it('drops the connection when the reader stops early', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nfirst'));
    const response = await send(server);
    const [socket] = [...server.open];
    for await (const chunk of response.body) {
      expect(String(chunk)).toBe('first');
      break;
    }
    await closed(socket!);
  });

  it('drops the connection of a body that was never read', async () => {
    const server = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nfirst'));
    const response = await send(server);
    const [socket] = [...server.open];
    await response.body[Symbol.asyncIterator]().return?.();
    await closed(socket!);
  });
});

describe('what cannot be sent', () => {
  const canary = 'canary-value';
  it.each([
    [
      'a CR',
      ['X-Token', `${canary}\r\nX: y`],
      'the value of the header X-Token contains a control character',
    ],
    [
      'a NUL',
      ['X-Token', `${canary}\0`],
      'the value of the header X-Token contains a control character',
    ],
    ['a bad name', [`X ${canary}`, 'v'], 'a header name is not a valid HTTP token'],
  ] as const)(
    'REQ-12, SEC-08: refuses a header with %s without showing the value',
    async (_what, header, message) => {
      const server = await serve(httpResponse('ok'));
      const error = await failure(send(server, { headers: [header] }));
      expect(error).toMatchObject({ code: 'usage', message });
      expect(JSON.stringify(error)).not.toContain(canary);
      expect(server.received).toEqual([]);
    },
  );

  it('refuses a method that is no token', async () => {
    const server = await serve(httpResponse('ok'));
    expect(await failure(send(server, { method: 'GET / HTTP/1.1\r\nX: ' }))).toMatchObject({
      code: 'usage',
    });
  });
});

describe('broken answers', () => {
  const closedEarly = /closed the connection before the response was complete/;
  const malformed = /answered with malformed HTTP \(HPE_/;
  const cases: [string, Answer, RegExp][] = [
    [
      'a Content-Length that is too large',
      'HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc',
      closedEarly,
    ],
    [
      'a chunked body that is cut',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab',
      closedEarly,
    ],
    [
      'chunked garbage',
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nab\r\n',
      malformed,
    ],
    ['no answer', (socket) => socket.end(), closedEarly],
    ['a reset', (socket) => socket.resetAndDestroy(), closedEarly],
    ['a head that is cut', 'HTTP/1.1 200 OK\r\nContent-Le', closedEarly],
    ['no HTTP', 'SSH-2.0-OpenSSH_9.2\r\n', malformed],
    [
      'both length and chunked',
      'HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      malformed,
    ],
    ['a header without a colon', 'HTTP/1.1 200 OK\r\nBad Header\r\n\r\n', malformed],
    ['a control character in a header', 'HTTP/1.1 200 OK\r\nX: a\0b\r\n\r\n', malformed],
    [
      '100 KB of headers',
      `HTTP/1.1 200 OK\r\nX: ${'a'.repeat(100_000)}\r\n\r\n`,
      /headers of .* larger than 64 KB/,
    ],
    [
      '2,000 headers',
      `HTTP/1.1 200 OK\r\n${'A: b\r\n'.repeat(2000)}\r\nbody`,
      /more than 1000 headers/,
    ],
    ['1,000 interim responses', 'HTTP/1.1 102 Processing\r\n\r\n'.repeat(1000), /too many 1xx/],
    [
      'an unasked upgrade',
      'HTTP/1.1 101 Switching\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n',
      /switched protocols|without an answer/,
    ],
  ];

  it.each(cases)('NET-06: reports %s as a network error', async (_what, answer, message) => {
    const server = await serve(answer);
    const error = await failure(send(server).then(text));
    expect(error).toMatchObject({ code: 'network', message: expect.stringMatching(message) });
  });

  it('NET-06: keeps the bytes of a malformed answer out of the error', async () => {
    const server = await serve('HTTP/1.1 200 OK\r\nSet-Cookie: canary\r\nBad Header\r\n\r\n');
    const error = await failure(send(server));
    expect(Object.keys(error.cause as Error)).toEqual([]);
    expect(String((error.cause as Error).stack)).not.toContain('canary');
  });
});

describe('time limits', () => {
  it('NET-04: ends when the headers never come', async () => {
    const server = await serve(() => undefined);
    expect(await failure(send(server, { timeout: 200 }))).toMatchObject({
      code: 'timeout',
      message: `no complete response from 127.0.0.1:${server.port} within 0.2 s`,
    });
  });

  it('NET-04: ends a body that drips', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n\r\n');
      const drip = setInterval(() => socket.write('.'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    const response = await send(server, { timeout: 300 });
    expect(await failure(text(response))).toMatchObject({ code: 'timeout' });
  });

  it('NET-04: ends headers that drip', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\n');
      const drip = setInterval(() => socket.write('X: y\r\n'), 20);
      socket.on('close', () => clearInterval(drip));
    });
    expect(await failure(send(server, { timeout: 300 }))).toMatchObject({ code: 'timeout' });
  });

  it('NET-04: counts the TLS handshake into the connect limit', async () => {
    const server = net.createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    cleanUps.push(async () => server.close());
    const { port } = server.address() as net.AddressInfo;
    const url = new URL(`https://127.0.0.1:${port}/`);
    expect(
      await failure(transport.send({ method: 'GET', url, headers: [], connectTimeout: 200 })),
    ).toMatchObject({
      code: 'timeout',
      message: `no connection to 127.0.0.1:${port} within 0.2 s`,
    });
  });

  it('does not let the connect limit end an exchange that is connected', async () => {
    const server = await serve((socket) => {
      setTimeout(() => socket.end(httpResponse('late')), 400);
    });
    expect(await text(await send(server, { connectTimeout: 200 }))).toBe('late');
  });

  it('accepts a limit longer than a timer can be', async () => {
    const server = await serve(httpResponse('ok'));
    expect(await text(await send(server, { timeout: 2 ** 40 }))).toBe('ok');
  });
});

describe('an abort', () => {
  it('rejects with its reason before, during and after the headers', async () => {
    const reason = new CancelledError('SIGINT');
    const aborted = AbortSignal.abort(reason);
    const silent = await serve(() => undefined);
    expect(await failure(send(silent, { signal: aborted }))).toBe(reason);
    expect(silent.received).toEqual([]);

    const during = new AbortController();
    const pending = failure(send(silent, { signal: during.signal }));
    during.abort(reason);
    expect(await pending).toBe(reason);

    const endless = await serve((socket) => socket.write('HTTP/1.1 200 OK\r\n\r\nx'));
    const after = new AbortController();
    const response = await send(endless, { signal: after.signal });
    const reading = failure(text(response));
    after.abort(reason);
    expect(await reading).toBe(reason);
  });
});

describe('unreachable servers', () => {
  it('NET-07: names the port that refused', async () => {
    const server = await startByteServer('');
    await server.close();
    expect(await failure(send(server))).toMatchObject({
      code: 'network',
      message: `127.0.0.1:${server.port} refused the connection`,
    });
  });

  it('resolves localhost and the names under it to this machine only', async () => {
    const server = await serve(httpResponse('here'));
    for (const name of ['localhost', 'anything.at.all.localhost']) {
      const url = new URL(`http://${name}:${server.port}/`);
      expect(await text(await transport.send({ method: 'GET', url, headers: [] }))).toBe('here');
    }
    expect(server.received[1]).toContain(`Host: anything.at.all.localhost:${server.port}`);
  });
});

// A listener that is stopped and whose queue is full drops what comes, as a black hole does; Linux only.
describe.skipIf(process.platform !== 'linux')('an address that swallows packets (Linux)', () => {
  it('NET-08: falls back from IPv6 to IPv4 within the connect limit', async () => {
    const server = await serve(httpResponse('over IPv4'));
    await startBlackHole('::1', server.port);
    const url = new URL(`http://localhost:${server.port}/`);
    const response = await transport.send({
      method: 'GET',
      url,
      headers: [],
      connectTimeout: 5000,
    });
    expect(await text(response)).toBe('over IPv4');
  });

  it('NET-04: ends at the connect limit when no address answers', async () => {
    const { port } = new URL(await startBlackHole('127.0.0.1', 0));
    const url = new URL(`http://127.0.0.1:${port}/`);
    expect(
      await failure(transport.send({ method: 'GET', url, headers: [], connectTimeout: 200 })),
    ).toMatchObject({ code: 'timeout' });
  });
});

async function startBlackHole(host: string, port: number): Promise<string> {
  const script = `const s = require('net').createServer().listen({ host: '${host}', port: ${port}, backlog: 1 }, () => console.log(s.address().port))`;
  const child = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const bound = Number(String(line));
  child.kill('SIGSTOP');
  const fillers = Array.from({ length: 8 }, () =>
    net.connect(bound, host).on('error', () => undefined),
  );
  cleanUps.push(async () => {
    for (const filler of fillers) filler.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  });
  // The queue is full once a connection that came later is left waiting.
  await Promise.all(fillers.slice(0, 2).map((filler) => once(filler, 'connect')));
  return `http://localhost:${bound}/`;
}

describe.skipIf(!hasOpenssl())('TLS (skipped without the openssl program)', () => {
  let certificates: Certificates;
  beforeAll(() => {
    certificates = makeCertificates();
  });

  it('talks to a server whose authority is trusted', async () => {
    const server = await serve(httpResponse('ok'), certificates.good);
    expect(await text(await sendTls(server))).toBe('ok');
  });

  it.each([
    ['self-signed', 'selfSigned', 'is self-signed', /NODE_EXTRA_CA_CERTS/],
    ['expired', 'expired', 'has expired', /clock/],
    ['made out to another host', 'otherHost', 'is for another host', /spelling/],
  ] as const)('DISC-22: refuses a certificate that is %s', async (_what, which, fault, hint) => {
    const server = await serve(httpResponse('never'), certificates[which]);
    expect(await failure(sendTls(server))).toMatchObject({
      code: 'network',
      message: `the certificate of 127.0.0.1:${server.port} ${fault}`,
      hint: expect.stringMatching(hint),
    });
    expect(server.received.join('')).toBe('');
  });

  it('DISC-22: refuses an unknown authority, also with NODE_TLS_REJECT_UNAUTHORIZED=0', async () => {
    const server = await serve(httpResponse('never'), certificates.good);
    const before = process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0';
    try {
      expect(await failure(send(server))).toMatchObject({
        code: 'network',
        message: `the certificate of 127.0.0.1:${server.port} is signed by an untrusted authority`,
      });
    } finally {
      if (before === undefined) delete process.env['NODE_TLS_REJECT_UNAUTHORIZED'];
      else process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = before;
    }
  });

  it('NET-06: reports a body that TLS cut off', async () => {
    const server = await serve((socket) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc', () => socket.destroy());
    }, certificates.good);
    expect(await failure(sendTls(server).then(text))).toMatchObject({ code: 'network' });
  });

  it('explains https to an http port, and http to an https port', async () => {
    const plain = net.createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    plain.listen(0, '127.0.0.1');
    await once(plain, 'listening');
    cleanUps.push(async () => plain.close());
    const { port } = plain.address() as net.AddressInfo;
    const url = new URL(`https://127.0.0.1:${port}/`);
    expect(await failure(transport.send({ method: 'GET', url, headers: [] }))).toMatchObject({
      code: 'network',
      message: expect.stringMatching(/^the TLS handshake with 127\.0\.0\.1:\d+ failed/),
      hint: 'check that this is an https port',
    });
    const secure = await serve(httpResponse('never'), certificates.good);
    const wrong = new URL(`http://127.0.0.1:${secure.port}/`);
    expect(await failure(transport.send({ method: 'GET', url: wrong, headers: [] }))).toMatchObject(
      { code: 'network' },
    );
  });

  function sendTls(server: ByteServer): Promise<HttpResponse> {
    const trusting = createHttpTransport({ ca: certificates.ca });
    return trusting.send({ method: 'GET', url: new URL(server.origin), headers: [] });
  }
});

async function serve(answer: Answer, credentials?: Credentials): Promise<ByteServer> {
  const server = await startByteServer(answer, credentials);
  cleanUps.push(() => server.close());
  return server;
}

function send(server: ByteServer, request: Partial<HttpRequest> = {}): Promise<HttpResponse> {
  return transport.send({ method: 'GET', url: new URL(server.origin), headers: [], ...request });
}

async function text(response: HttpResponse): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
}

async function failure(promise: Promise<unknown>): Promise<Error> {
  try {
    await promise;
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}

async function closed(socket: net.Socket): Promise<void> {
  await new Promise<void>((resolve) => {
    if (socket.closed) resolve();
    else socket.once('close', () => resolve());
  });
}
