import { randomBytes } from 'node:crypto';

import { afterAll, beforeAll, describe, expect, it } from 'vitest';

import { createLoopback } from '../../../src/adapters/loopback/loopback.ts';
import type { LoopbackListener } from '../../../src/environment.ts';
import { exchange, get, openSocket, readAnswer } from '../../support/raw-http.ts';

// One listener for the whole file, which has to survive every row; `accepted` counts what `accept` saw.
let listener: LoopbackListener;
let url: string;
let host: string;
let port: string;
let accepted = 0;
const wait = new AbortController();

beforeAll(async () => {
  listener = await createLoopback().listen({ path: '/cb' });
  url = `${listener.redirectUri}?code=1&state=right`;
  ({ host, port } = new URL(url));
  listener
    .receive(() => {
      accepted += 1;
      return false;
    }, wait.signal)
    .catch(() => undefined);
});
afterAll(async () => {
  wait.abort();
  await listener.close();
});

/** The answer to `bytes`, which must not reach `accept`; and a genuine request afterwards must. */
async function refused(bytes: string | Uint8Array) {
  const before = accepted;
  const answer = await exchange(url, bytes);
  expect(accepted).toBe(before);
  expect((await exchange(url, get(url))).status).toBe(400);
  expect(accepted).toBe(before + 1);
  return answer;
}

const request = (line: string, ...headers: string[]) => [line, ...headers, '', ''].join('\r\n');

describe('Host', () => {
  it.each([
    ['evil.com', () => 'evil.com'],
    ['a foreign name with the port', () => `evil.com:${port}`],
    ['localhost', () => `localhost:${port}`],
    ['the address without the port', () => '127.0.0.1'],
    ['another port', () => '127.0.0.1:1'],
    ['the other family', () => `[::1]:${port}`],
    ['another spelling of the address', () => `127.1:${port}`],
    ['a trailing dot', () => `127.0.0.1.:${port}`],
    ['the port with a zero in front', () => `127.0.0.1:0${port}`],
    ['a user name', () => `a@127.0.0.1:${port}`],
    ['nothing', () => ''],
  ])('LOOP-07: refuses %s with 421', async (_, value) => {
    expect((await refused(get(url, { Host: value() }))).status).toBe(421);
  });

  it.each([
    ['HTTP/1.1', 400],
    ['HTTP/1.0', 400],
  ])('LOOP-07: refuses %s without any', async (version, status) => {
    expect((await refused(request(`GET /cb?state=right ${version}`))).status).toBe(status);
  });

  it('LOOP-07: refuses HTTP/0.9, which has none', async () => {
    expect((await refused('GET /cb?state=right\r\n\r\n')).status).toBe(400);
  });

  it('LOOP-07: refuses two, also when both are right', async () => {
    for (const second of [`Host: ${host}`, 'host: evil.com', 'HOST: evil.com']) {
      const answer = await refused(
        request('GET /cb?state=right HTTP/1.1', `Host: ${host}`, 'Accept: */*', second),
      );
      expect(answer.status, second).toBe(400);
    }
  });
});

describe('the request line', () => {
  it.each(['http://evil/cb?state=right', 'https://127.0.0.1/cb', '*', 'cb'])(
    'LOOP-08: refuses the target %s with 400',
    async (target) => {
      const answer = await refused(request(`GET ${target} HTTP/1.1`, `Host: ${host}`));
      expect(answer.status).toBe(400);
    },
  );

  it('LOOP-08: refuses its own absolute address too', async () => {
    const answer = await refused(request(`GET ${url} HTTP/1.1`, `Host: ${host}`));
    expect(answer.status).toBe(400);
  });

  it.each(
    '/cb/ /CB //cb /cb%2f /%63b /x/../cb /./cb /cb;x /cb/. /cb%00 /cb%3Fstate=right /c / /cbb /cb&state=right /cb#'
      .split(' ')
      .map((path) => [path]),
  )('LOOP-09: answers the path %s with 404', async (path) => {
    const answer = await refused(request(`GET ${path}?state=right HTTP/1.1`, `Host: ${host}`));
    expect(answer.status).toBe(404);
  });

  it.each(['/favicon.ico', '/robots.txt', '/apple-touch-icon.png', '/.well-known/anything'])(
    'LOOP-14: answers %s with a small 404 and goes on waiting',
    async (path) => {
      const answer = await refused(request(`GET ${path} HTTP/1.1`, `Host: ${host}`));
      expect(answer.status).toBe(404);
      expect(answer.body).toBe('Not Found\n');
    },
  );

  it.each(['HEAD', 'OPTIONS', 'POST', 'PUT', 'DELETE', 'PATCH', 'TRACE', 'PROPFIND'])(
    'LOOP-10: answers %s with 405 and what is allowed',
    async (method) => {
      const answer = await refused(
        request(`${method} /cb?state=right HTTP/1.1`, `Host: ${host}`, 'Content-Length: 0'),
      );
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET');
    },
  );

  it('LOOP-10: answers CONNECT with 405, whatever it wants to reach', async () => {
    for (const target of [host, 'evil.com:443']) {
      const answer = await refused(request(`CONNECT ${target} HTTP/1.1`, `Host: ${host}`));
      expect(answer.status).toBe(405);
      expect(answer.headers.get('allow')).toBe('GET');
    }
  });

  it('LOOP-10: does not ask for the body of a POST that waits for a go-ahead', async () => {
    const answer = await refused(
      request(
        'POST /cb HTTP/1.1',
        `Host: ${host}`,
        'Content-Type: application/x-www-form-urlencoded',
        'Content-Length: 12',
        'Expect: 100-continue',
      ),
    );
    expect(answer.status).toBe(405);
    expect(answer.text).not.toContain('100 Continue');
  });
});

describe('size', () => {
  it('LOOP-22: answers a request line of 20 KB with 431', async () => {
    const answer = await refused(
      request(`GET /cb?code=${'a'.repeat(20 * 1024)} HTTP/1.1`, `Host: ${host}`),
    );
    expect(answer.status).toBe(431);
  });

  it.each(['Content-Length: 1000000000', 'Transfer-Encoding: chunked'])(
    'LOOP-22: answers a GET with a body (%s) with 413 and hangs up without reading it',
    async (header) => {
      const answer = await refused(
        request('GET /cb?state=right HTTP/1.1', `Host: ${host}`, header),
      );
      expect(answer.status).toBe(413);
    },
  );

  it('LOOP-22: hangs up on a POST whose body never ends', async () => {
    const answer = await refused(
      request('POST /cb HTTP/1.1', `Host: ${host}`, 'Transfer-Encoding: chunked'),
    );
    expect(answer.status).toBe(405);
  });
});

describe('what is no request', () => {
  it.each([
    ['a TLS ClientHello', Buffer.from('16030100c8010000c40303', 'hex')],
    ['the HTTP/2 preface', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n'],
    ['NUL in the URL', 'GET /cb?state=\0 HTTP/1.1\r\nHost: x\r\n\r\n'],
    ['raw UTF-8 in the URL', 'GET /cb?state=é HTTP/1.1\r\nHost: x\r\n\r\n'],
    [
      'Content-Length and Transfer-Encoding',
      'POST /cb HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['two lengths', 'GET /cb HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 1\r\n\r\n'],
    ['a folded header', 'GET /cb HTTP/1.1\r\nHost:\r\n x\r\n\r\n'],
    ['a space before the colon', 'GET /cb HTTP/1.1\r\nHost : x\r\n\r\n'],
  ])('LOOP-24: answers %s with 4xx and goes on waiting', async (_, bytes) => {
    const answer = await refused(bytes);
    expect([400, 421]).toContain(answer.status);
    expect(answer.headers.get('connection')).toBe('close');
  });

  it('LOOP-24: survives 1 MB of random bytes', async () => {
    // A first byte that begins no method: the rest is then noise, whatever it is.
    const answer = await refused(Buffer.concat([Buffer.of(0), randomBytes(1 << 20)]));
    expect([0, 400]).toContain(answer.status);
  });

  it('LOOP-24: survives connections that are reset in the middle of a request', async () => {
    const before = accepted;
    const connect = request(`CONNECT ${host} HTTP/1.1`);
    for (const bytes of ['', 'GET', 'GET /cb HTTP/1.1\r\n', get(url).slice(0, -2), connect]) {
      const socket = await openSocket(url);
      await new Promise((written) => socket.write(bytes, written));
      socket.resetAndDestroy();
    }
    await refused('GET / HTTP/1.1\r\n\r\n');
    expect(accepted).toBe(before + 1);
  });

  it('LOOP-25: looks at nothing that is pipelined behind the first request', async () => {
    const answer = await refused(
      request('GET /favicon.ico HTTP/1.1', `Host: ${host}`) + get(url) + get(url),
    );
    expect(answer.status).toBe(404);
    expect(answer.text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });

  it('LOOP-25: looks at nothing pipelined in HTTP/1.0 either, or after CONNECT', async () => {
    const keepAlive = request('GET /x HTTP/1.0', `Host: ${host}`, 'Connection: keep-alive');
    expect((await refused(keepAlive + get(url))).text.match(/HTTP\/1\.1/g)).toHaveLength(1);
    const connect = request(`CONNECT ${host} HTTP/1.1`, `Host: ${host}`);
    expect((await refused(connect + get(url))).text.match(/HTTP\/1\.1/g)).toHaveLength(1);
  });
});

describe('pages of other sites', () => {
  it.each([
    ['Sec-Fetch-Mode', 'no-cors'],
    ['Sec-Fetch-Mode', 'cors'],
    ['Sec-Fetch-Mode', 'websocket'],
    ['Sec-Fetch-Dest', 'image'],
    ['Sec-Fetch-Dest', 'script'],
    ['Sec-Fetch-Dest', 'iframe'],
    ['Sec-Fetch-Dest', 'empty'],
  ])('LOOP-26: refuses %s: %s with 400', async (name, value) => {
    expect((await refused(get(url, { [name]: value }))).status).toBe(400);
  });

  it.each(['https://evil.com', 'null', ''])(
    'LOOP-27: refuses a GET with Origin "%s" with 400',
    async (origin) => {
      expect((await refused(get(url, { Origin: origin }))).status).toBe(400);
    },
  );

  it('LOOP-26: lets through what a browser sends when it follows the redirect', async () => {
    const before = accepted;
    const head = {
      'Sec-Fetch-Site': 'cross-site',
      'Sec-Fetch-Mode': 'navigate',
      'Sec-Fetch-User': '?1',
      'Sec-Fetch-Dest': 'document',
      'Upgrade-Insecure-Requests': '1',
      Cookie: 'from=another port',
    };
    await exchange(url, get(url, head));
    expect(accepted).toBe(before + 1);
  });
});

it('LOOP-25: garbage behind a callback that is being worked on does not disturb its page', async () => {
  const own = await createLoopback().listen({ path: '/cb' });
  const callback = own.receive(() => true, wait.signal);
  const socket = await openSocket(own.redirectUri);
  const answer = readAnswer(socket);
  socket.write(get(own.redirectUri) + '\0\0\0\r\n\r\n');
  const received = await callback;
  await received.respond('logged_in');
  expect((await answer).status).toBe(200);
  await own.close();
});
