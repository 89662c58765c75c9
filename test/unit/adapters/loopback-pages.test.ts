import { createHash } from 'node:crypto';

import { describe, expect, it } from 'vitest';

import { createLoopback } from '../../../src/adapters/loopback/loopback.ts';
import type { CallbackOutcome } from '../../../src/environment.ts';
import { exchange, get } from '../../support/raw-http.ts';
import type { RawAnswer } from '../../support/raw-http.ts';

const outcomes: readonly CallbackOutcome[] = ['logged_in', 'denied', 'failed'];

/** A login of its own: the page of `outcome`, and the ones of a callback refused before and one after. */
async function pagesOf(outcome: CallbackOutcome, query: string) {
  const listener = await createLoopback().listen({ path: '/cb' });
  const signal = new AbortController().signal;
  const callback = listener.receive((p) => p.get('state') === 'right', signal);
  const wrong = `${listener.redirectUri}?${query}`;
  const right = `${listener.redirectUri}?state=right&${query}`;
  const refused = await exchange(wrong, get(wrong));
  const answer = exchange(right, get(right));
  await (await callback).respond(outcome);
  const used = await exchange(right, get(right));
  await listener.close();
  return { refused, used, page: await answer };
}

function withoutDate(answer: RawAnswer): string {
  return answer.text.replace(/^Date: .*\r\n/m, '');
}

/** Payloads by position: `<` and quotes in every way a page could be broken out of, encoded and not. */
function payloads(): string[] {
  const breakouts = ['', '"', "'", '">', "'>", '</title>', '</style>', '</script>', '-->', '`'];
  const attacks = [
    '<script>alert(1)</script>',
    '<img src=x onerror=alert(1)>',
    '<svg/onload=alert(1)>',
    '<iframe src=javascript:alert(1)>',
    '<a href="data:text/html,x">x</a>',
    '<meta http-equiv=refresh content=0;url=//evil>',
    '<base href=//evil>',
    '{{constructor.constructor("alert(1)")()}}',
    '\r\nSet-Cookie: x=1\r\n\r\n<h1>x</h1>',
    '\u202e\u0000<b>\ufeff',
  ];
  return breakouts.flatMap((b) => attacks.flatMap((a) => [b + a, encodeURIComponent(b + a)]));
}

describe('pages', () => {
  it('LOOP-15, LOOP-18: 200 payloads in every parameter change no byte of any answer', async () => {
    const listener = await createLoopback().listen({ path: '/cb' });
    const signal = new AbortController().signal;
    const callback = listener.receive((p) => p.get('state') === 'right', signal);
    const right = `${listener.redirectUri}?state=right`;
    const wrong = `${listener.redirectUri}?state=wrong`;
    const page = exchange(right, get(right));
    await (await callback).respond('logged_in');
    await page;
    const [plainUsed, plainRefused] = [
      withoutDate(await exchange(right, get(right))),
      withoutDate(await exchange(wrong, get(wrong))),
    ];
    const all = payloads();
    expect(all).toHaveLength(200);
    for (const payload of all) {
      const query = ['code', 'iss', 'error', 'error_description', 'error_uri', payload]
        .map((name) => `&${encodeURIComponent(name)}=${encodeURIComponent(payload)}`)
        .join('');
      const [used, refused] = [
        await exchange(right, get(right + query)),
        await exchange(wrong, get(`${wrong}${query}&state=${encodeURIComponent(payload)}`)),
      ];
      expect(withoutDate(used)).toBe(plainUsed);
      expect(withoutDate(refused)).toBe(plainRefused);
    }
    await listener.close();
  });

  it.each(outcomes)(
    'LOOP-15, LOOP-17, LOOP-18: the page of %s is the same bytes whatever came with the callback',
    async (outcome) => {
      const nasty = '<script>alert(1)</script>';
      const description = encodeURIComponent(nasty);
      const plain = await pagesOf(outcome, '');
      const loaded = await pagesOf(outcome, `code=${description}&error_description=${description}`);
      expect(withoutDate(loaded.page)).toBe(withoutDate(plain.page));
      expect(loaded.page.body).not.toContain('script');
    },
  );

  it('LOOP-19: only the outcome of the login says that it worked', async () => {
    for (const outcome of outcomes) {
      const { page, refused, used } = await pagesOf(outcome, 'code=1');
      expect(page.body.includes('You are logged in'), outcome).toBe(outcome === 'logged_in');
      expect(refused.body).not.toMatch(/logged in/i);
      expect(used.body).not.toMatch(/logged in/i);
    }
  });

  it.each(outcomes)('LOOP-17: the page of %s tells to close the tab, with no script', async (o) => {
    const { page, refused, used } = await pagesOf(o, '');
    for (const { body } of [page, refused, used]) {
      expect(body).toContain('You can close this tab');
      expect(body).toContain('terminal');
      expect(body).not.toMatch(/<script|<link|<a |<form|<img|@import|url\(|\bon\w+=|https?:/i);
    }
  });
});

describe('headers', () => {
  const fixed: Readonly<Record<string, string>> = {
    'x-content-type-options': 'nosniff',
    'referrer-policy': 'no-referrer',
    'cache-control': 'no-store',
    'x-frame-options': 'DENY',
    'cross-origin-opener-policy': 'same-origin',
    'cross-origin-resource-policy': 'same-origin',
    connection: 'close',
  };

  function expectHardened(answer: RawAnswer, mediaType: string) {
    expect(Object.fromEntries(answer.headers)).toMatchObject(fixed);
    expect(answer.headers.get('content-type')).toBe(`${mediaType}; charset=utf-8`);
    expect(answer.headers.get('content-security-policy')).toMatch(
      /^default-src 'none'; style-src 'sha256-[\w+/]{43}='; frame-ancestors 'none'; base-uri 'none'; form-action 'none'$/,
    );
    const names = [...answer.headers.keys()];
    expect(names.filter((n) => /^(?:access-control|set-cookie|location|server)/.test(n))).toEqual(
      [],
    );
  }

  it('LOOP-16: are on every page, and the policy has the hash of its style', async () => {
    for (const outcome of outcomes) {
      for (const page of Object.values(await pagesOf(outcome, ''))) {
        expectHardened(page, 'text/html');
        const style = /<style>([^]*)<\/style>/.exec(page.body)?.[1] ?? '';
        const hash = createHash('sha256').update(style, 'latin1').digest('base64');
        expect(page.headers.get('content-security-policy')).toContain(`'sha256-${hash}'`);
      }
    }
  });

  it('LOOP-16: are on every other answer', async () => {
    const listener = await createLoopback().listen({ path: '/cb' });
    const { host } = new URL(listener.redirectUri);
    const cases: readonly [number, string][] = [
      [400, 'GET /cb HTTP/1.1\r\n\r\n'],
      [400, '\0'],
      [404, `GET /favicon.ico HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      [405, `POST /cb HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      [405, `CONNECT ${host} HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
      [413, `GET /cb HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 1\r\n\r\n`],
      [421, 'GET /cb HTTP/1.1\r\nHost: evil.com\r\n\r\n'],
      [431, `GET /${'a'.repeat(20_000)} HTTP/1.1\r\n\r\n`],
      [503, `GET /cb HTTP/1.1\r\nHost: ${host}\r\n\r\n`],
    ];
    for (const [status, bytes] of cases) {
      const answer = await exchange(listener.redirectUri, bytes);
      expect(answer.status).toBe(status);
      expectHardened(answer, 'text/plain');
    }
    await listener.close();
  });
});
