import { describe, expect, it } from 'vitest';
import { checkAudience, checkIssuer, checkTimes } from '../../../src/jwt/claims.ts';
import type { JsonObject } from '../../../src/strict-json.ts';

const now = 1_800_000_000;
const leeway = 30;

describe('checkTimes', () => {
  it.each([
    ['no times', {}],
    ['an exp to come', { exp: now + 1 }],
    ['an exp within the leeway', { exp: now - 29 }],
    ['an nbf within the leeway', { nbf: now + 30 }],
    ['fractions of a second', { exp: now + 0.5, iat: now - 0.5, nbf: now - 0.25 }],
    ['a time beyond every calendar', { exp: 1e300 }],
  ])('takes %s', (_, payload) => expect(() => checkTimes(payload, now, leeway)).not.toThrow());

  it.each([
    ['an exp as old as the leeway', { exp: now - 30 }, 'expired at 2027-01-15T07:59:30.000Z (exp)'],
    ['an exp of 0', { exp: 0 }, 'expired at 1970'],
    ['an nbf beyond the leeway', { nbf: now + 31 }, 'not valid yet (nbf)'],
    ['an nbf beyond every calendar', { nbf: 1e300 }, 'not valid yet (nbf)'],
  ])('refuses %s', (_, payload, reason) => {
    expect(() => checkTimes(payload, now, leeway)).toThrow(reason);
  });

  const strange = ['1900000000', true, null, {}, [], -1, NaN, Infinity];
  it.each(['exp', 'nbf', 'iat'])('JWT-17: refuses a %s that is no finite number', (name) => {
    for (const value of strange) {
      expect(() => checkTimes({ [name]: value }, now, leeway)).toThrow(`its ${name} is not a time`);
    }
  });
});

describe('checkIssuer and checkAudience', () => {
  it.each([
    { iss: 'https://as.example/' },
    { iss: 'https://as.exampl' },
    { iss: 'HTTPS://AS.EXAMPLE' },
    { iss: '' },
    { iss: 1 },
    { iss: ['https://as.example'] },
    {},
  ])('JWT-18: refuses another issuer: %j', (payload) => {
    expect(() => checkIssuer(payload, 'https://as.example')).toThrow('another issuer (iss)');
  });

  it.each([
    { aud: 'acb', all: ['acb'] },
    { aud: ['acb'], all: ['acb'] },
    { aud: ['x', 'acb'], all: ['x', 'acb'] },
  ])('JWT-18: takes the audience $aud', ({ aud, all }) => {
    expect(checkAudience({ aud }, 'acb')).toEqual(all);
  });

  it.each([
    { aud: '__acb' },
    { aud: 'ac' },
    { aud: 'acb ' },
    { aud: 'ACB' },
    { aud: '' },
    { aud: [] },
    { aud: ['__acb', 'ac'] },
  ])('JWT-18: refuses another audience: %j', (payload) => {
    expect(() => checkAudience(payload, 'acb')).toThrow('another audience (aud)');
  });

  it.each([
    {},
    { aud: null },
    { aud: 1 },
    { aud: { acb: true } },
    { aud: ['acb', 1] },
    { aud: [['acb']] },
  ])(
    'JWT-18: refuses an audience that is neither a string nor strings: %j',
    (payload: JsonObject) => {
      expect(() => checkAudience(payload, 'acb')).toThrow('no string or array of strings');
    },
  );
});
