import { readFileSync } from 'node:fs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CliError } from '../../../src/errors.ts';
import { decodeBase64url, encodeBase64url } from '../../../src/jwt/base64url.ts';
import { decodeJws } from '../../../src/jwt/decode.ts';
import { base64url } from './tokens.ts';

const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/rfc7515-appendix-a.json', import.meta.url), 'utf8'),
) as { section: string; alg: string; claims: boolean; token: string }[];

const header = base64url({ alg: 'RS256' });
const payload = base64url({ sub: 'alice' });
const signature = base64url('signature');

function refusal(token: string): CliError {
  try {
    decodeJws(token);
  } catch (error) {
    if (error instanceof CliError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

describe('decodeBase64url', () => {
  it('reads what it writes', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(decodeBase64url(encodeBase64url(bytes))).toEqual(Buffer.from(bytes));
      }),
    );
  });

  it.each([
    ['padding', 'YQ=='],
    ['half the padding', 'YQ='],
    ['white space before', ' YWJj'],
    ['white space inside', 'YW Jj'],
    ['a line break after', 'YWJj\n'],
    ['a carriage return', 'YW\r\nJj'],
    ['the plus of base64', 'a+aa'],
    ['the slash of base64', 'a/aa'],
    ['a length of 1 modulo 4', 'YWJjZ'],
    ['one character', 'A'],
    ['unused bits after one byte', 'YR'],
    ['unused bits after two bytes', 'YWJ'.replace('J', 'L')],
    ['another character', 'YW*j'],
    ['a NUL', 'YWJj\u0000'],
    ['a non-ASCII letter', 'YWJé'],
  ])('JWT-04: refuses %s', (_, text) => expect(decodeBase64url(text)).toBeNull());

  it('JWT-04: takes one spelling of all that decode to the same bytes', () => {
    fc.assert(
      fc.property(
        fc.string({
          unit: fc.constantFrom(...'A Q g w Y Z _ - = + /'.split(' '), ' ', '\n'),
          maxLength: 8,
        }),
        (text) => {
          const bytes = decodeBase64url(text);
          if (bytes !== null) expect(encodeBase64url(bytes)).toBe(text);
        },
      ),
    );
  });
});

describe('decodeJws', () => {
  it.each(vectors.filter(({ claims }) => claims))('decodes RFC 7515 $section', ({ alg, token }) => {
    const decoded = decodeJws(token);
    expect(decoded.header['alg']).toBe(alg);
    expect(decoded.payload).toEqual({
      iss: 'joe',
      exp: 1_300_819_380,
      'http://example.com/is_root': true,
    });
    expect(`${decoded.signingInput}.${decoded.signature}`).toBe(token);
  });

  it('decodes an unsecured JWT, whose signature is empty (RFC 7519 §6.1)', () => {
    const decoded = decodeJws(`${base64url({ alg: 'none' })}.${payload}.`);
    expect(decoded).toMatchObject({ payload: { sub: 'alice' }, signature: '' });
  });

  it.each([
    ['an empty text', '', 'the token is empty'],
    ['an opaque token', 'gho_16C7e42F292c6912E7710c838347Ae178B4a', 'opaque'],
    ['2 segments', `${header}.${payload}`, 'three parts'],
    ['4 segments', `${header}.${payload}.${signature}.${signature}`, 'three parts'],
    ['5 segments (a JWE)', `${header}.a.b.c.d`, 'encrypted JWT (JWE)'],
    ['6 segments', `${header}.a.b.c.d.e`, 'three parts'],
    ['an empty header', `.${payload}.${signature}`, 'header is empty'],
    ['empty claims', `${header}..${signature}`, 'claims set is empty'],
    ['an empty signature', `${header}.${payload}.`, 'signature is empty'],
    ['two dots', '..', 'header is empty'],
    [
      'the JSON serialization',
      JSON.stringify({ payload, protected: header, signature }),
      'JSON serialization',
    ],
  ])('JWT-05: refuses %s', (_, token, reason) => {
    expect(refusal(token)).toMatchObject({ code: 'jwt_invalid' });
    expect(refusal(token).message).toContain(reason);
  });

  it.each([
    ['header', `${header}=.${payload}.${signature}`],
    ['claims set', `${header}.${payload} .${signature}`],
    ['signature', `${header}.${payload}.${signature}\n`],
  ])('JWT-04: refuses a %s that is not strict base64url', (part, token) => {
    expect(refusal(token).message).toBe(`the JWT's ${part} is not base64url`);
  });

  it.each([
    ['JWT-06: duplicate claims', base64url('{"sub":"a","sub":"b"}'), 'duplicate member name'],
    [
      'JWT-06: claims duplicated by an escape',
      base64url('{"sub":"a","s\\u0075b":"b"}'),
      'duplicate',
    ],
    [
      'JWT-21: invalid UTF-8',
      base64url(Buffer.from('{"sub":"\u00fc"}', 'latin1')),
      'not valid UTF-8',
    ],
    ['JWT-21: a BOM', base64url('\ufeff{}'), 'malformed JSON'],
    ['JWT-21: UTF-16', base64url(Buffer.from('{}', 'utf16le')), 'malformed JSON'],
    ['JWT-22: 100,000 levels', base64url(`{"a":${'['.repeat(100_000)}`), 'nested deeper than 64'],
    ['an array', base64url('[]'), 'not a JSON object'],
    ['a bare string', base64url('"sub"'), 'not a JSON object'],
    ['text', base64url('Payload'), 'malformed JSON'],
    ['an infinite number', base64url('{"exp":1e999}'), 'a number too large'],
  ])('refuses claims and header with %s', (_, segment, reason) => {
    expect(refusal(`${header}.${segment}.${signature}`).message).toContain(
      `claims set cannot be read: ${reason}`,
    );
    expect(refusal(`${segment}.${payload}.${signature}`).message).toContain(
      `header cannot be read: ${reason}`,
    );
  });

  it.each([
    ['10 MB of dots', '.'.repeat(10_000_000)],
    ['5,000,000 times "a."', 'a.'.repeat(5_000_000)],
    ['a claims set of 10 MB', `${header}.${'A'.repeat(10_000_000)}.${signature}`],
  ])('JWT-15: refuses %s by its length', (_, token) => {
    expect(refusal(token).message).toBe('the token is longer than 262144 characters');
  });

  it('JWT-15: takes a token of just under the limit', () => {
    const large = base64url({ sub: 'alice', groups: 'x'.repeat(190_000) });
    expect(decodeJws(`${header}.${large}.${signature}`).payload['sub']).toBe('alice');
  });

  it('repeats no part of the token in an error', () => {
    const secret = base64url('{"hunter2hunter2":');
    for (const token of [secret, `${secret}.${secret}.${secret}`, `${header}.${secret}.x y`]) {
      const { message, hint, cause } = refusal(token);
      expect([message, hint, cause].join()).not.toMatch(/hunter2|aHVudGVyM/);
    }
  });

  it('never throws anything but jwt_invalid', () => {
    const text = fc.oneof(fc.string(), fc.json().map(base64url), fc.constant(header));
    fc.assert(
      fc.property(fc.array(text, { maxLength: 6 }), (parts) => {
        try {
          expect(decodeJws(parts.join('.')).payload).toBeTypeOf('object');
        } catch (error) {
          expect(error).toMatchObject({ name: 'CliError', code: 'jwt_invalid' });
        }
      }),
    );
  });
});
