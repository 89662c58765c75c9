import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { JsonError, readJson, readJsonObject, readUtf8 } from '../../src/strict-json.ts';

function refusal(run: () => unknown): JsonError {
  try {
    run();
  } catch (error) {
    if (error instanceof JsonError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('readJson', () => {
  it('reads every document that JSON.stringify writes', () => {
    fc.assert(
      fc.property(
        fc.jsonValue({ maxDepth: 6 }),
        fc.constantFrom(undefined, 2, '\t'),
        (value, space) => {
          const text = JSON.stringify(value, null, space);
          expect(readJson(text)).toStrictEqual(JSON.parse(text));
        },
      ),
    );
  });

  it('agrees with JSON.parse about which documents are malformed', () => {
    const piece = fc.constantFrom(
      ...[
        '{',
        '}',
        '[',
        ']',
        ',',
        ':',
        '"',
        '"a"',
        '"b"',
        '1',
        '-',
        '0',
        '.5',
        'e1',
        'true',
        'null',
      ],
      ...['\\', '\\n', '\\u0041', '\\u00', ' ', '\n', '\u00a0', '\u0000', '\ufeff', 'é', '\ud800'],
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const text = pieces.join('');
        let parsed: unknown;
        try {
          parsed = JSON.parse(text);
        } catch {
          expect(refusal(() => readJson(text)).message).toMatch(
            /^(malformed JSON|duplicate member name)$/,
          );
          return;
        }
        try {
          expect(readJson(text)).toStrictEqual(parsed);
        } catch (error) {
          if (!(error instanceof JsonError)) throw error;
          expect(error.message).toBe('duplicate member name');
        }
      }),
      { numRuns: 5000 },
    );
  });

  it.each([
    ['an empty text', '', 0],
    ['a BOM', '\ufeff{}', 0],
    ['HTML', '<html>', 0],
    ['a trailing comma', '[1,]', 3],
    ['a second document', '{} {}', 3],
    ['a leading zero', '01', 1],
    ['a bare name', '{a:1}', 1],
    ['a line feed in a string', '"a\nb"', 2],
    ['an open string', '"abc', 4],
    ['a bad escape', '"\\x"', 1],
    ['NaN', 'NaN', 0],
    ['a comment', '[1 /* one */]', 3],
  ])('refuses %s and says where', (_, text, position) => {
    expect(refusal(() => readJson(text))).toMatchObject({ message: 'malformed JSON', position });
  });

  it.each([
    ['twice in one object', '{"issuer":1,"issuer":2}', 12],
    ['once escaped', '{"issuer":1,"\\u0069ssuer":2}', 12],
    ['in a nested object', '[{"a":{"b":1,"b":1}}]', 13],
    ['__proto__ too', '{"__proto__":1,"__proto__":2}', 15],
  ])('DISC-17, JWT-06: refuses a duplicate member name %s', (_, text, position) => {
    expect(refusal(() => readJson(text))).toMatchObject({
      message: 'duplicate member name',
      position,
    });
  });

  it('DISC-17: takes the same name in different objects', () => {
    expect(readJson('[{"a":1},{"a":{"a":2}}]')).toEqual([{ a: 1 }, { a: { a: 2 } }]);
  });

  it.each(['[', '{"a":', '[{"a":'])(
    'NET-05: refuses 100,000 levels of %s by the depth limit, not by a RangeError',
    (open) => {
      expect(refusal(() => readJson(open.repeat(100_000))).message).toBe(
        'nested deeper than 64 levels',
      );
    },
  );

  it('NET-05: takes 64 levels and refuses 65', () => {
    const nested = (levels: number) => '['.repeat(levels) + ']'.repeat(levels);
    expect(JSON.stringify(readJson(nested(64)))).toBe(nested(64));
    expect(refusal(() => readJson(nested(65))).position).toBe(64);
  });

  it('NET-05: takes 10,000 members and elements in all and refuses one more', () => {
    const members = (count: number) =>
      `{${Array.from({ length: count }, (_, index) => `"n${index}":0`).join()}}`;
    expect(Object.keys(readJsonObject(members(10_000)))).toHaveLength(10_000);
    expect(refusal(() => readJson(members(10_001))).message).toBe('more than 10000 members');
    expect(refusal(() => readJson(`[${members(5000)},${members(5000)}]`)).message).toBe(
      'more than 10000 members',
    );
    expect(refusal(() => readJson(`[${'0,'.repeat(10_000)}0]`)).message).toBe(
      'more than 10000 members',
    );
    expect(readJson(members(10_001), { maxMembers: 10_001 })).toBeTypeOf('object');
  });

  it('NET-05: takes a string of 1 MB and refuses a longer one', () => {
    const longest = 'x'.repeat(1_048_576);
    expect(readJson(`"${longest}"`)).toBe(longest);
    expect(refusal(() => readJson(`["${longest}x"]`))).toMatchObject({
      message: 'a string longer than 1048576 characters',
      position: 1,
    });
    expect(refusal(() => readJson(`{"${longest}x":1}`)).position).toBe(1);
  });

  it.each(['1e400', '-1e400', '[1,2,1E+999]', '9'.repeat(400)])(
    'NET-05: refuses a number that is not finite: %.12s',
    (text) => expect(refusal(() => readJson(text)).message).toBe('a number too large'),
  );

  it('DISC-16: hostile member names change no prototype', () => {
    const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty'];
    const text = `{${names.map((name) => `"${name}":{"polluted":true}`).join()}}`;
    const value = readJsonObject(text);
    expect(Object.keys(value)).toEqual(names);
    expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
    expect(Object.getPrototypeOf({ ...value })).toBe(Object.prototype);
    expect(value['polluted']).toBeUndefined();
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });

  it('repeats nothing of the document in an error', () => {
    for (const text of [
      '{"token":"hunter2"',
      '["hunter2" x]',
      '{"hunter2":1,"hunter2":1}',
      'hunter2',
    ]) {
      expect(String(refusal(() => readJson(text)))).not.toContain('hunter2');
    }
  });
});

describe('readJsonObject', () => {
  it.each(['[]', 'null', '"{}"', '1', 'true'])('refuses %s', (text) => {
    expect(refusal(() => readJsonObject(text)).message).toBe('not a JSON object');
  });
});

describe('readUtf8', () => {
  it('reads what TextEncoder writes, a BOM included', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (text) => {
        expect(readUtf8(new TextEncoder().encode(`\ufeff${text}`))).toBe(`\ufeff${text}`);
      }),
    );
  });

  it.each([
    ['a lone continuation byte', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a code point beyond U+10FFFF', [0xf4, 0x90, 0x80, 0x80]],
    ['a cut sequence', [0xe2, 0x82]],
    ['Latin-1', [0x6d, 0xfc, 0x6e]],
  ])('JWT-21: refuses %s', (_, bytes) => {
    expect(refusal(() => readUtf8(Uint8Array.from(bytes))).message).toBe('not valid UTF-8');
  });
});
