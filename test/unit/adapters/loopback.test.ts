import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';

import { afterEach, describe, expect, it } from 'vitest';

import { createLoopback } from '../../../src/adapters/loopback/loopback.ts';
import type { LoopbackListener, LoopbackOptions } from '../../../src/environment.ts';
import { exchange, get, openSocket, readAnswer } from '../../support/raw-http.ts';

const opened: { close(): unknown }[] = [];
afterEach(async () => {
  for (const item of opened.splice(0)) await item.close();
});

async function listen(
  options: Partial<LoopbackOptions> = {},
  addresses?: readonly string[],
): Promise<LoopbackListener> {
  const listener = await createLoopback(addresses).listen({ path: '/cb', ...options });
  opened.push(listener);
  return listener;
}

/** Waits for a callback with state=right; gives what controls and what observes the wait. */
function waitForRight(listener: LoopbackListener) {
  const control = new AbortController();
  const callback = listener.receive((p) => p.get('state') === 'right', control.signal);
  return { control, callback };
}

async function occupy(host: string, port = 0): Promise<number> {
  const server = createServer().listen({ port, host });
  await once(server, 'listening');
  opened.push(server);
  return (server.address() as AddressInfo).port;
}

async function connectionError(host: string, port: number): Promise<unknown> {
  return openSocket(`http://${host}:${port}`).then(
    (socket) => {
      socket.destroy();
      return 'connected';
    },
    (error: unknown) => (error as NodeJS.ErrnoException).code,
  );
}

describe('the address', () => {
  it('LOOP-01, LOOP-02, LOOP-03: is an ephemeral port of 127.0.0.1, and the redirect URI says so', async () => {
    const [one, two] = [await listen(), await listen()];
    expect(one.redirectUri).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/cb$/);
    expect(two.redirectUri).not.toBe(one.redirectUri);
    expect(new URL(one.redirectUri).port).not.toBe('');
  });

  it.skipIf(process.platform !== 'linux')(
    'LOOP-01: is the only one that the kernel lists for the port (Linux only: /proc/net)',
    async () => {
      const { redirectUri } = await listen();
      const port = Number(new URL(redirectUri).port).toString(16).toUpperCase().padStart(4, '0');
      const tables = await Promise.all(
        ['/proc/net/tcp', '/proc/net/tcp6'].map(async (path) => readFile(path, 'utf8')),
      );
      const listening = tables
        .flatMap((table) => table.split('\n').map((line) => line.trim().split(/\s+/)))
        .filter(([, local, , state]) => state === '0A' && local?.endsWith(`:${port}`))
        .map(([, local]) => local);
      expect(listening).toEqual([`0100007F:${port}`]);
    },
  );

  it('LOOP-02: can be a fixed port', async () => {
    const free = await listen();
    await free.close();
    const again = await listen({ port: Number(new URL(free.redirectUri).port) });
    expect(again.redirectUri).toBe(free.redirectUri);
  });

  it('LOOP-02: says that a fixed port is in use, and what to do', async () => {
    const port = await occupy('127.0.0.1');
    await expect(listen({ port })).rejects.toMatchObject({
      code: 'usage',
      message: `port ${port} of 127.0.0.1 is in use`,
      hint: expect.stringContaining('another port') as string,
    });
  });

  it.each([
    // 192.0.2.0/24 and 2001:db8::/32 are for documentation: no machine has them.
    { missing: '192.0.2.1', present: '::1', authority: /^http:\/\/\[::1\]:\d+\/cb$/ },
    { missing: '2001:db8::1', present: '127.0.0.1', authority: /^http:\/\/127\.0\.0\.1:\d+\/cb$/ },
  ])('LOOP-04: is $present where $missing does not exist', async (row) => {
    const listener = await listen({}, [row.missing, row.present]);
    expect(listener.redirectUri).toMatch(row.authority);
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const answer = exchange(url, get(url));
    await (await callback).respond('logged_in');
    expect((await answer).status).toBe(200);
  });

  it('LOOP-04: fails as a network error where there is none at all', async () => {
    await expect(listen({}, ['192.0.2.1', '2001:db8::1'])).rejects.toMatchObject({
      code: 'network',
    });
  });

  it('LOOP-06: cannot be bound a second time', async () => {
    const { redirectUri } = await listen();
    const port = Number(new URL(redirectUri).port);
    for (const host of ['127.0.0.1', '0.0.0.0']) {
      await expect(occupy(host, port)).rejects.toMatchObject({ code: 'EADDRINUSE' });
    }
  });
});

describe('the wait', () => {
  it('answers 503 before anybody waits', async () => {
    const { redirectUri } = await listen();
    expect((await exchange(redirectUri, get(redirectUri))).status).toBe(503);
  });

  it('hands over the parameters, decoded, with repeated ones', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?code=a%2Bb+c&code=2&state=right`;
    const answer = exchange(url, get(url));
    const received = await callback;
    expect([...received.parameters]).toEqual([
      ['code', 'a+b c'],
      ['code', '2'],
      ['state', 'right'],
    ]);
    await received.respond('logged_in');
    expect((await answer).status).toBe(200);
  });

  it('LOOP-11: goes on after refused callbacks, which are counted', async () => {
    const counts: number[] = [];
    const listener = await listen({ onRefused: (count) => counts.push(count) });
    const { callback } = waitForRight(listener);
    for (const query of ['', '?', '?code=1', '?state=wrong', '?error=access_denied']) {
      const answer = await exchange(listener.redirectUri, get(listener.redirectUri + query));
      expect(answer.status, query).toBe(400);
    }
    expect((await exchange(listener.redirectUri, 'GET /x HTTP/1.1\r\n\r\n')).status).toBe(400);
    expect(counts).toEqual([1, 2, 3, 4, 5]);
    const url = `${listener.redirectUri}?state=right`;
    const answer = exchange(url, get(url));
    await (await callback).respond('logged_in');
    expect((await answer).status).toBe(200);
  });

  it('LOOP-12: answers a second valid callback 410, also after the first was answered', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const first = exchange(url, get(url));
    const received = await callback;
    expect((await exchange(url, get(url))).status).toBe(410);
    await received.respond('logged_in');
    expect((await first).status).toBe(200);
    expect((await exchange(url, get(url))).status).toBe(410);
  });

  it('LOOP-13: delivers one of 100 concurrent callbacks and answers 99 with "already used"', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const answers = Promise.all(Array.from({ length: 100 }, () => exchange(url, get(url))));
    await (await callback).respond('logged_in');
    const statuses = (await answers).map((answer) => answer.status).sort();
    expect(statuses).toEqual([200, ...Array<number>(99).fill(410)]);
  });

  it('LOOP-20: ends with the reason of the signal, before and during the wait', async () => {
    const listener = await listen();
    const reason = new Error('stop');
    await expect(listener.receive(() => true, AbortSignal.abort(reason))).rejects.toBe(reason);
    const { control, callback } = waitForRight(listener);
    control.abort(reason);
    await expect(callback).rejects.toBe(reason);
    const url = `${listener.redirectUri}?state=right`;
    expect((await exchange(url, get(url))).status).toBe(503);
  });

  it('LOOP-21: 200 sockets that send a byte now and then do not keep the callback out', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const sockets = await Promise.all(
      Array.from({ length: 200 }, () => openSocket(listener.redirectUri)),
    );
    const drip = setInterval(() => sockets.forEach((s) => s.writable && s.write('G')), 1000);
    let closed = 0;
    const evicted = new Promise<void>((resolve) => {
      for (const socket of sockets) {
        socket.once('close', () => ++closed === 200 - 64 && resolve());
        socket.write('G');
      }
    });
    const url = `${listener.redirectUri}?state=right`;
    const answer = exchange(url, get(url));
    await (await callback).respond('logged_in');
    expect((await answer).status).toBe(200);
    await evicted;
    clearInterval(drip);
    sockets.forEach((socket) => socket.destroy());
  });

  it('LOOP-21: a request head that does not end is answered 408 after some seconds', async () => {
    const listener = await listen();
    const answer = await exchange(listener.redirectUri, 'GET /cb HTTP/1.1\r\nHost: ');
    expect(answer.status).toBe(408);
  });
});

describe('the end', () => {
  it('LOOP-05, LOOP-23: frees the port at once, silent connections or not, and twice is fine', async () => {
    const listener = await listen();
    const silent = await openSocket(listener.redirectUri);
    const ended = readAnswer(silent);
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    expect((await ended).text).toBe('');
    const { hostname, port } = new URL(listener.redirectUri);
    expect(await connectionError(hostname, Number(port))).toBe('ECONNREFUSED');
  });

  it('LOOP-20: a callback that never got its page ends without a byte', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const answer = exchange(url, get(url));
    const received = await callback;
    await listener.close();
    expect((await answer).text).toBe('');
    await received.respond('failed');
  });

  it('LOOP-19: the page sent just before the end arrives whole', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const answer = exchange(url, get(url));
    await (await callback).respond('logged_in');
    await listener.close();
    const { headers, body } = await answer;
    expect(Buffer.byteLength(body, 'latin1')).toBe(Number(headers.get('content-length')));
  });

  it('a browser that left while the login went on delays and breaks nothing', async () => {
    const listener = await listen();
    const { callback } = waitForRight(listener);
    const url = `${listener.redirectUri}?state=right`;
    const socket = await openSocket(url);
    socket.write(get(url));
    const received = await callback;
    socket.resetAndDestroy();
    await received.respond('logged_in');
    await received.respond('logged_in');
    await listener.close();
  });
});
