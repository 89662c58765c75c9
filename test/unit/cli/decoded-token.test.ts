import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderDecodedToken } from '../../../src/cli/decoded-token.ts';
import { createPaint } from '../../../src/cli/paint.ts';
import { localTime } from '../../../src/cli/relative-time.ts';
import type { JsonObject } from '../../../src/strict-json.ts';

const now = 1_800_000_000;
const plain = createPaint(0);

function render(payload: JsonObject, header: JsonObject = { alg: 'RS256' }, paint = plain): string {
  return renderDecodedToken({ header, payload }, { now: now * 1000, paint });
}

const firstLine = (payload: JsonObject) => render(payload).split('\n')[0];

describe('renderDecodedToken', () => {
  it('lists header and claims, aligned, with the times in words', () => {
    const time = (seconds: number) => localTime(seconds * 1000) ?? '';
    const text = render(
      { iss: 'https://as.example', aud: ['a', 'b'], exp: now + 3599, admin: false, name: null },
      { alg: 'RS256', typ: 'JWT' },
    );
    expect(text.split('\n')).toEqual([
      'expires in 59 minutes',
      '',
      'header',
      '  alg  "RS256"',
      '  typ  "JWT"',
      '',
      'claims',
      '  iss    "https://as.example"',
      '  aud    ["a", "b"]',
      `  exp    ${now + 3599}  ${time(now + 3599)}, in 59 minutes`,
      '  admin  false',
      '  name   null',
    ]);
  });

  it('breaks what is too long for one line', () => {
    const roles = Array.from({ length: 9 }, (_, index) => `role-number-${index}`);
    const lines = render({ access: { roles } }).split('\n');
    expect(lines.slice(6, 10)).toEqual([
      '  access  {',
      '    "roles": [',
      '      "role-number-0",',
      '      "role-number-1",',
    ]);
    expect(lines.slice(-2)).toEqual(['    ]', '  }']);
  });

  it.each([
    [{ exp: now - 200 }, 'expired 3 minutes ago'],
    [{ exp: now }, 'expired now'],
    [{ exp: now + 3599 }, 'expires in 59 minutes'],
    [{ exp: now + 600, nbf: now + 300 }, 'not valid yet, becomes valid in 5 minutes'],
    [{}, 'never expires (no exp)'],
    [{ exp: '1' }, 'when it expires is not a number (exp)'],
    [{ exp: 1, nbf: null }, 'when it becomes valid is not a number (nbf)'],
    [{ exp: 1e300 }, 'expires in over 9999 years'],
  ])('says first of %j: %s', (payload, line) => expect(firstLine(payload)).toBe(line));

  it('adds no time to what is none', () => {
    const text = render({ exp: 1e300, iat: 'yesterday', nbf: null, count: now });
    expect(text).toContain('  exp    1e+300\n');
    expect(text).toContain('  iat    "yesterday"\n');
    expect(text).toContain(`  count  ${now}`);
  });

  it.each([
    ['ESC', '\u001b[2J', '"\\u001b[2J"'],
    ['C1', '\u009b2J', '"\\x9b2J"'],
    ['NUL', '\u0000', '"\\u0000"'],
    ['a line feed', 'a\n  sub  "admin"', '"a\\n  sub  \\"admin\\""'],
    ['bidi', '\u202egpj', '"\\u202egpj"'],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['a tag character', '\u{e0041}', '"\\u{e0041}"'],
  ])('JWT-20: escapes %s in claims, header and names', (_, value, shown) => {
    expect(render({ exp: 1, sub: value })).toContain(`  sub  ${shown}`);
    expect(render({ exp: 1 }, { kid: value })).toContain(`  kid  ${shown}`);
    expect(render({ [value]: 1 })).toContain(`  ${shown}  1`);
    expect(render({ a: { [value]: [value] } })).toContain(`{${shown}: [${shown}]}`);
  });

  it('JWT-20: whatever the claims are, each line is printable', () => {
    const anything = fc.string({ unit: 'binary' });
    const value = fc.jsonValue({ stringUnit: 'binary' });
    fc.assert(
      fc.property(fc.dictionary(anything, value), (payload) => {
        const text = render(payload as JsonObject);
        expect(text).toMatch(/^(?:[^\p{C}\p{Zl}\p{Zp}]|\n)*$/u);
      }),
    );
  });

  it('TTY-08: a claim makes no row of its own', () => {
    const rows = (payload: JsonObject) => render(payload).split('\n').length;
    expect(rows({ sub: 'a\r\n  exp  9\u2028\u0085x' })).toBe(rows({ sub: 'a' }));
    expect(rows({ 'a\n  exp': 1 })).toBe(rows({ a: 1 }));
  });

  it('TTY-08: a long name does not push the other values away', () => {
    const text = render({ ['x'.repeat(10_000)]: 1, sub: 'alice' });
    expect(text).toContain('\n  sub  "alice"');
  });

  it('TTY-05: shortens nothing', () => {
    expect(render({ sub: 'x'.repeat(10_000) })).toContain('x'.repeat(10_000));
  });

  it('JWT-22: takes the deepest claims that can be decoded', () => {
    const deep = JSON.parse(`{"a":${'['.repeat(63)}${']'.repeat(63)}}`) as JsonObject;
    expect(render(deep).match(/\[/g)).toHaveLength(63);
  });

  it('paints with the paint it is given', () => {
    const marks = Object.fromEntries(
      (['dim', 'bold', 'red', 'yellow', 'green', 'cyan'] as const).map((name) => [
        name,
        (text: string) => `<${name} ${text}>`,
      ]),
    ) as unknown as typeof plain;
    const text = render({ exp: now - 60, sub: 'alice', n: 1 }, { alg: 'RS256' }, marks);
    expect(text).toMatch(
      /^<red expired 1 minute ago>\n\n<bold header>\n {2}<cyan alg> {2}<green "RS256">/,
    );
    expect(text).toContain('<cyan n>    <yellow 1>');
  });
});
