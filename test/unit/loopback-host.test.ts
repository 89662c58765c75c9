import { expect, it } from 'vitest';
import { isLoopbackHost } from '../../src/loopback-host.ts';

const table: Record<'literal' | 'name' | 'no', string[]> = {
  literal: [
    'http://127.0.0.1/',
    'http://127.0.0.1:8080/',
    'http://127.255.255.254/',
    'http://2130706433/',
    'http://0x7f.1/',
    'http://127.1/',
    'http://0177.0.0.1/',
    'http://127.0.0.1./',
    'http://１２７.０.０.１/',
    'http://[::1]/',
    'http://[0:0:0:0:0:0:0:1]/',
    'http://[::ffff:127.0.0.1]/',
    'http://[::ffff:7f12:3]/',
  ],
  name: [
    'http://localhost/',
    'http://LOCALHOST:1/',
    'http://foo.localhost/',
    'http://a.b.localhost/',
  ],
  no: [
    'http://localhost./',
    'http://foo.localhost./',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[::2]/',
    'http://[::ffff:128.0.0.1]/',
    'http://[fe80::1]/',
    'http://127.0.0.1.evil.com/',
    'http://127.0.0.1@evil.com/',
    'http://localhost@evil.com/',
    'http://localhost.evil.com/',
    'http://notlocalhost/',
    'http://128.0.0.1/',
    'http://10.0.0.1/',
    'http://169.254.169.254/',
  ],
};

const rows = Object.entries(table).flatMap(([kind, urls]) =>
  urls.map((url) => [url, kind] as const),
);

it.each(rows)('DISC-21: %s is loopback as: %s', (url, kind) => {
  expect(isLoopbackHost(new URL(url))).toBe(kind);
});
