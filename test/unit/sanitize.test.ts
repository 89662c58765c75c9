import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  displayUrl,
  displayWidth,
  sanitize,
  sanitizeErrorText,
  sanitizeUserCode,
} from '../../src/sanitize.ts';

const escapes = [
  ['ESC', '\u001b[31mred', '\\x1b[31mred'],
  ['an OSC 52 clipboard write', '\u001b]52;c;aGk=\u0007', '\\x1b]52;c;aGk=\\x07'],
  ['DCS and APC', '\u001bPq\u001b\\\u001b_x\u001b\\', '\\x1bPq\\x1b\\\\x1b_x\\x1b\\'],
  ['C1 CSI', '\u009b2J', '\\x9b2J'],
  ['C1 NEL', 'a\u0085b', 'a\\x85b'],
  ['NUL', 'a\u0000b', 'a\\x00b'],
  ['CR, BS, VT and FF', '\r\b\v\f', '\\x0d\\x08\\x0b\\x0c'],
  ['a line feed and a tab', 'a\nb\tc', 'a\\x0ab\\x09c'],
  ['DEL', '\u007f', '\\x7f'],
] as const;

const invisible = [
  ['bidi overrides', '\u202a\u202e', '\\u202a\\u202e'],
  ['bidi isolates', '\u2066\u2069', '\\u2066\\u2069'],
  ['direction marks', '\u200e\u200f\u061c', '\\u200e\\u200f\\u061c'],
  [
    'zero-width characters',
    '\u200b\u200c\u200d\u2060\ufeff',
    '\\u200b\\u200c\\u200d\\u2060\\ufeff',
  ],
  ['a soft hyphen', 'pass\u00adword', 'pass\\xadword'],
  ['tag characters', '\u{e0041}\u{e007f}', '\\u{e0041}\\u{e007f}'],
  ['line and paragraph separators', '\u2028\u2029', '\\u2028\\u2029'],
  ['variation selectors', 'a\ufe00\u{e0100}', 'a\\ufe00\\u{e0100}'],
  ['the Hangul filler', '\u3164', '\\u3164'],
  ['private use', '\ue000', '\\ue000'],
  ['lone surrogates', 'a\ud800b\udc00', 'a\\ud800b\\udc00'],
] as const;

describe('sanitize', () => {
  it.each(escapes)('TTY-01: escapes %s', (_, text, shown) => expect(sanitize(text)).toBe(shown));

  it('TTY-01: escapes C1 controls that came as UTF-8', () => {
    expect(sanitize(new TextDecoder().decode(Uint8Array.of(0xc2, 0x9b, 0x41)))).toBe('\\x9bA');
  });

  it.each(invisible)('TTY-02: escapes %s', (_, text, shown) => expect(sanitize(text)).toBe(shown));

  it('TTY-02: escapes every character that the requirement lists', () => {
    const ranges = [
      [0x202a, 0x202e],
      [0x2066, 0x2069],
      [0x200b, 0x200f],
      [0xe0000, 0xe007f],
      [0x80, 0x9f],
    ] as const;
    for (const [from, to] of ranges) {
      for (let code = from; code <= to; code += 1) {
        expect(sanitize(String.fromCodePoint(code))).toMatch(/^\\[xu]/);
      }
    }
  });

  it.each(['plain text', 'Zoë Müller', '山田太郎', 'Ελλάδα', 'नमस्ते', '😀', 'a b  c', '"\\\'`$<>'])(
    'leaves %s alone',
    (text) => expect(sanitize(text)).toBe(text),
  );

  it('lets line feeds and tabs through where lines are wanted, and nothing else', () => {
    expect(sanitize('a\n\tb\r\u001b', { multiline: true })).toBe('a\n\tb\\x0d\\x1b');
  });

  it.each([
    ['512 characters', 'x'.repeat(512), 'x'.repeat(512)],
    ['513 characters', 'x'.repeat(513), `${'x'.repeat(512)}… (truncated)`],
    ['escapes counted as shown', '\u0000'.repeat(200), `${'\\x00'.repeat(128)}… (truncated)`],
    ['no half character', `${'x'.repeat(511)}😀`, `${'x'.repeat(511)}… (truncated)`],
  ])('TTY-05: shortens to 512 characters: %s', (_, text, shown) => {
    expect(sanitize(text)).toBe(shown);
  });

  it('TTY-05: takes another limit', () => {
    expect(sanitize('abcdef', { maxLength: 3 })).toBe('abc… (truncated)');
    expect(sanitize('x'.repeat(100_000), { maxLength: Infinity })).toHaveLength(100_000);
  });

  it('TTY-12: whatever comes in, only printable characters on one line come out', () => {
    const anything = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(fc.integer({ min: 0, max: 0xffff })).map((units) => String.fromCharCode(...units)),
      fc.uint8Array().map((bytes) => new TextDecoder('latin1').decode(bytes)),
    );
    fc.assert(
      fc.property(anything, (text) => {
        const shown = sanitize(text);
        expect(shown).toMatch(/^[^\p{C}\p{Zl}\p{Zp}]*$/u);
        expect(shown).not.toContain('\n');
        expect(sanitize(shown, { maxLength: Infinity })).toBe(shown);
      }),
      { numRuns: 5000 },
    );
  });
});

describe('sanitizeErrorText', () => {
  it.each([
    ['access_denied', 'access_denied'],
    ['The user said "no" \\o/', 'The user said \\x22no\\x22 \\x5co/'],
    ['für dich', 'f\\xfcr dich'],
    ['a\u001b[2Jb\n', 'a\\x1b[2Jb\\x0a'],
    ['😀', '\\u{1f600}'],
  ])('TTY-04: escapes what RFC 6749 does not allow: %j', (text, shown) => {
    expect(sanitizeErrorText(text)).toBe(shown);
  });

  it('TTY-04: another pass through sanitize changes nothing', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = sanitizeErrorText(text);
        expect(sanitize(shown, { maxLength: Infinity })).toBe(shown);
      }),
    );
  });
});

describe('sanitizeUserCode', () => {
  it.each(['WDJB-MJHT', '123-456-789', 'abcd'])('TTY-06: shows %s as it is', (code) => {
    expect(sanitizeUserCode(code)).toEqual({ text: code, isSuspicious: false });
  });

  it.each([
    ['AB CD', 'AB\\x20CD'],
    ['https://evil.example', 'https\\x3a\\x2f\\x2fevil\\x2eexample'],
    ['\u0410BCD', '\\u0410BCD'],
    ['A\nB', 'A\\x0aB'],
    ['', ''],
  ])('TTY-06: escapes and reports %j', (code, text) => {
    expect(sanitizeUserCode(code)).toEqual({ text, isSuspicious: true });
  });
});

describe('displayUrl', () => {
  it.each([
    ['https://as.example/authorize?a=b#c', 'https://as.example/authorize?a=b#c'],
    ['https://evil.example/x', 'https://github.com@evil.example/x'],
    ['https://as.example/', 'https://user:hunter2@as.example/'],
    ['https://xn--gthub-n2e.com/', 'https://g\u0456thub.com/'],
    ['https://as.example:8443/@evil.example', 'https://as.example:8443\\@evil.example'],
    ['https://as.example/%E2%80%AEtxt', 'https://as.example/\u202etxt'],
    ['http://[::1]/', 'HTTP://[::1]:80/'],
    ['urn:a%E2%80%8Bb', 'urn:a\u200bb'],
    ['no url\\x1b', 'no url\u001b'],
  ])('TTY-07: shows %s', (shown, text) => expect(displayUrl(text)).toBe(shown));

  it('TTY-07: emphasises the host and only the host', () => {
    const mark = (host: string) => `*${host}*`;
    expect(displayUrl('https://a.example:1/a.example:1', mark)).toBe(
      'https://*a.example:1*/a.example:1',
    );
    expect(displayUrl('https://github.com@evil.example', mark)).toBe('https://*evil.example*/');
    expect(displayUrl('mailto:a@b.example', mark)).toBe('mailto:a@b.example');
  });

  it('TTY-05: does not shorten a URL', () => {
    const url = `https://as.example/?request=${'x'.repeat(5000)}`;
    expect(displayUrl(url)).toBe(url);
  });
});

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    ['', 0],
    ['山田', 4],
    ['e\u0301', 1],
    ['😀', 2],
    ['\\x1b', 4],
  ])('TTY-08: %s is so wide: %i', (text, width) => expect(displayWidth(text)).toBe(width));
});
