import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { formTargets } from '../../../src/dev-server/form-targets.ts';
import { html } from '../../../src/dev-server/pages/html.ts';
import { createPage } from '../../../src/dev-server/pages/page.ts';

describe('html', () => {
  it.each([
    ['<script>', '&lt;script&gt;'],
    [`"quoted" 'text'`, '&quot;quoted&quot; &#39;text&#39;'],
    ['&amp;', '&amp;amp;'],
  ])('DEVAS-10: escapes %j', (text, escaped) => {
    expect(html`<p title="${text}">${text}</p>`.markup).toBe(
      `<p title="${escaped}">${escaped}</p>`,
    );
  });

  it('keeps what it made itself, alone and in lists', () => {
    const items = ['<a>', '<b>'].map((name) => html`<i>${name}</i>`);
    expect(html`${items}${items[0]!}`.markup).toBe(
      '<i>&lt;a&gt;</i><i>&lt;b&gt;</i><i>&lt;a&gt;</i>',
    );
  });
});

it('DEVAS-10: the policy allows the style sheet of the page by its hash and nothing else', () => {
  const { headers, body } = createPage({ title: 'Test', main: html`` });
  const style = /<style>([^]*)<\/style>/.exec(body)?.[1] ?? '';
  const hash = createHash('sha256').update(style).digest('base64');
  expect(headers['Content-Security-Policy']).toBe(
    `default-src 'none'; style-src 'sha256-${hash}'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`,
  );
});

it.each([
  ['http://127.0.0.1:51234/callback', 'http://127.0.0.1:51234'],
  ['https://app.example/cb?x=;y', 'https://app.example'],
  ['http://[::1]:51234/callback', 'http:'],
  ["https://a;script-src'unsafe-inline'/", 'https:'],
  ['https://a,b/', 'https:'],
  ['com.example.app:/callback', 'com.example.app:'],
])('DEVAS-10: a form that ends at %s may lead to %s', (redirectUri, source) => {
  expect(formTargets(redirectUri)).toEqual([source]);
});
