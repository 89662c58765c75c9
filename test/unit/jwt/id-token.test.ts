import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { IdTokenExpectations } from '../../../src/jwt/id-token.ts';
import { idTokenAlgorithms, validateIdToken } from '../../../src/jwt/id-token.ts';
import { parseJwkSet } from '../../../src/jwt/jwk-set.ts';
import { algorithmPairs, base64url, jwkOf, pairs, signToken } from './tokens.ts';

const now = 1_800_000_000;
const secret = 'a client secret of more than 32 bytes';
const week = 7 * 24 * 3600;

const expected: IdTokenExpectations = {
  issuer: 'https://as.example',
  clientId: 'our-client',
  nonce: 'n-0S6_WzA2Mj',
  accessToken: 'the-access-token',
  algorithms: ['RS256', 'ES256', 'EdDSA'],
  keys: parseJwkSet({ keys: Object.values(pairs).map((pair) => jwkOf(pair)) }),
  now: now * 1000,
  leeway: 30,
};

const good = {
  iss: 'https://as.example',
  sub: 'alice',
  aud: 'our-client',
  exp: now + 3600,
  iat: now - 1,
  nonce: 'n-0S6_WzA2Mj',
};

type Change = Readonly<Record<string, unknown>>;

/** A correctly signed ID token; a claim that is undefined is left out. */
function idToken(change: Change = {}, header: Change = {}): string {
  return signToken({ alg: 'RS256', ...header }, { ...good, ...change }, pairs.rsa.privateKey);
}

function refuses(token: string, reason: string, changed: Partial<IdTokenExpectations> = {}): void {
  expect(() => validateIdToken(token, { ...expected, ...changed })).toThrow(
    expect.objectContaining({
      code: 'protocol_violation',
      message: expect.stringMatching(/^the ID token is refused: [^\n]+$/),
    }),
  );
  expect(() => validateIdToken(token, { ...expected, ...changed })).toThrow(reason);
}

describe('validateIdToken', () => {
  it('returns the claims of a good ID token', () => {
    expect(validateIdToken(idToken(), expected)).toEqual({ ...good, aud: ['our-client'] });
    expect(validateIdToken(idToken({ auth_time: now - 5 }), expected).authTime).toBe(now - 5);
  });

  it.each([
    ['OIDC-02: an audience array with only us', { aud: ['our-client'] }],
    [
      'OIDC-02: another audience besides us, and azp',
      { aud: ['our-client', 'b'], azp: 'our-client' },
    ],
    ['OIDC-02: azp with one audience', { azp: 'our-client' }],
    ['OIDC-03: exp past within the leeway', { exp: now - 20 }],
    ['OIDC-04: iat 10 seconds in the future', { iat: now + 10 }],
    ['OIDC-04: iat an hour old', { iat: now - 3600 }],
    ['OIDC-05: a sub of 255 characters', { sub: 's'.repeat(255) }],
    ['unknown claims', { email: 'alice@example.com', address: { country: 'CH' } }],
  ])('accepts %s', (_, change) => {
    expect(validateIdToken(idToken(change), expected).iss).toBe('https://as.example');
  });

  it.each([
    ['OIDC-01: a wrong iss', { iss: 'https://evil.example' }, 'iss'],
    ['OIDC-01: no iss', { iss: undefined }, 'iss'],
    ['OIDC-01: iss with a slash more', { iss: 'https://as.example/' }, 'iss'],
    ['OIDC-01: iss in upper case', { iss: 'https://AS.example' }, 'iss'],
    ['OIDC-01: iss with the default port', { iss: 'https://as.example:443' }, 'iss'],
    ['OIDC-01: an iss array', { iss: ['https://as.example'] }, 'iss'],
    ['OIDC-02: a wrong aud', { aud: 'other-client' }, 'aud'],
    ['OIDC-02: no aud', { aud: undefined }, 'aud'],
    ['OIDC-02: an empty aud array', { aud: [] }, 'aud'],
    ['OIDC-02: an aud array without us', { aud: ['a', 'b'] }, 'aud'],
    ['OIDC-02: aud of which we are a part', { aud: 'our-client-2' }, 'aud'],
    ['OIDC-02: us and another without azp', { aud: ['our-client', 'b'] }, 'azp'],
    ['OIDC-02: us and another with a foreign azp', { aud: ['our-client', 'b'], azp: 'b' }, 'azp'],
    ['OIDC-02: a foreign azp', { azp: 'other-client' }, 'azp'],
    ['OIDC-02: an azp array', { azp: ['our-client'] }, 'azp'],
    ['OIDC-03: exp past', { exp: now - 31 }, 'expired'],
    ['OIDC-03: no exp', { exp: undefined }, 'no exp'],
    ['OIDC-03: exp as a string', { exp: String(now + 3600) }, 'exp'],
    ['OIDC-03: a negative exp', { exp: -1 }, 'exp'],
    ['OIDC-03: nbf in the future', { nbf: now + 3600 }, 'nbf'],
    ['OIDC-04: no iat', { iat: undefined }, 'no iat'],
    ['OIDC-04: iat a week in the past', { iat: now - week }, 'too long ago'],
    ['OIDC-04: iat 61 seconds in the future', { iat: now + 61 }, 'in the future'],
    ['OIDC-04: iat as a string', { iat: String(now) }, 'iat'],
    ['OIDC-05: no sub', { sub: undefined }, 'sub'],
    ['OIDC-05: sub null', { sub: null }, 'sub'],
    ['OIDC-05: an empty sub', { sub: '' }, 'sub'],
    ['OIDC-05: a sub of 256 characters', { sub: 's'.repeat(256) }, 'sub'],
    ['OIDC-05: a sub array', { sub: ['alice'] }, 'sub'],
    ['OIDC-05: a numeric sub', { sub: 1 }, 'sub'],
    ['OIDC-06: no nonce though one was sent', { nonce: undefined }, 'it has no nonce'],
    ['OIDC-06: another nonce', { nonce: 'n-0S6_WzA2M' }, 'nonce'],
    ['OIDC-06: a nonce array', { nonce: ['n-0S6_WzA2Mj'] }, 'nonce'],
    ['OIDC-09: a wrong at_hash', { at_hash: '77QmUPtjPfzWtF2AnpK9RQ' }, 'at_hash'],
    ['OIDC-09: an at_hash that is no string', { at_hash: 1 }, 'at_hash'],
    ['OIDC-10: an auth_time that is no time', { auth_time: 'now' }, 'auth_time'],
    ['OIDC-15: a logout token', { events: {}, nonce: undefined }, 'logout token'],
  ])('refuses %s', (_, change, reason) => refuses(idToken(change), reason));

  it('OIDC-04: how old a token may be is configurable', () => {
    const token = idToken({ iat: now - week });
    expect(validateIdToken(token, { ...expected, maxTokenAge: 2 * week }).iat).toBe(now - week);
    refuses(idToken({ iat: now - 61 }), 'too long ago', { maxTokenAge: 60 });
  });

  it('OIDC-06: refuses a nonce when none was sent', () => {
    refuses(idToken(), 'it has a nonce, and none was sent', { nonce: undefined });
    const without = idToken({ nonce: undefined });
    expect(validateIdToken(without, { ...expected, nonce: undefined }).nonce).toBeUndefined();
  });

  it.each(['RS256', 'ES256', 'EdDSA'])(
    'OIDC-07: refuses a %s signature of somebody else',
    (alg) => {
      const key = algorithmPairs[alg]!.privateKey;
      const token = signToken({ alg }, good, key);
      expect(validateIdToken(token, expected).sub).toBe('alice');
      const [header = '', , signature = ''] = token.split('.');
      refuses(
        `${header}.${base64url({ ...good, sub: 'bob' })}.${signature}`,
        'signature does not match',
      );
    },
  );

  it('OIDC-07: verifies HS256 with the client secret, and only when it is allowed', () => {
    const token = signToken({ alg: 'HS256' }, good, Buffer.from(secret));
    const algorithms = ['HS256'];
    expect(validateIdToken(token, { ...expected, algorithms, clientSecret: secret }).sub).toBe(
      'alice',
    );
    refuses(token, 'not accepted', { clientSecret: secret });
    refuses(token, 'no secret', { algorithms });
    refuses(token, 'does not match', { algorithms, clientSecret: `${secret}!` });
    refuses(token, 'shorter', { algorithms, clientSecret: 'short' });
  });

  it.each(['none', 'None', 'NONE'])('OIDC-08: refuses alg %s', (alg) => {
    const input = `${base64url({ alg })}.${base64url(good)}`;
    const signature = alg === 'none' ? '' : base64url('x');
    refuses(`${input}.${signature}`, 'not signed', {
      algorithms: idTokenAlgorithms(undefined, [alg]),
    });
    refuses(`${input}.${signature}`, 'not signed', { algorithms: [alg] });
  });

  it.each([
    ['no alg', undefined],
    ['an alg that does not exist', 'XX256'],
    ['an alg that is not among the allowed', 'PS256'],
  ])('OIDC-08: refuses %s', (_, alg) => {
    refuses(signToken({ alg }, good, pairs.rsa.privateKey), 'alg');
  });

  it('OIDC-08: uses the registered algorithm, else the announced ones, else RS256, never none', () => {
    expect(idTokenAlgorithms('ES256', ['RS256', 'ES256'])).toEqual(['ES256']);
    expect(idTokenAlgorithms(undefined, ['RS256', 'EdDSA', 'none'])).toEqual(['RS256', 'EdDSA']);
    expect(idTokenAlgorithms(undefined, undefined)).toEqual(['RS256']);
    expect(idTokenAlgorithms('None', ['RS256'])).toEqual([]);
  });

  it.each([
    ['RS256', 'sha256'],
    ['ES384', 'sha384'],
    ['ES512', 'sha512'],
    ['EdDSA', 'sha512'],
  ])('OIDC-09: accepts the at_hash of a token signed with %s', (alg, hash) => {
    const digest = createHash(hash).update('the-access-token').digest();
    const claims = { ...good, at_hash: base64url(digest.subarray(0, digest.length / 2)) };
    const token = signToken({ alg }, claims, algorithmPairs[alg]!.privateKey);
    expect(validateIdToken(token, { ...expected, algorithms: [alg] }).sub).toBe('alice');
    refuses(token, 'at_hash', { algorithms: [alg], accessToken: 'another-access-token' });
  });

  it('OIDC-10: with max_age, wants an auth_time that is recent enough', () => {
    const recent = idToken({ auth_time: now - 300 });
    expect(validateIdToken(recent, { ...expected, maxAge: 300 }).authTime).toBe(now - 300);
    refuses(recent, 'auth_time', { maxAge: 200 });
    refuses(idToken(), 'it has no auth_time', { maxAge: 300 });
  });

  it.each(['at+jwt', 'application/at+jwt', 'AT+JWT', 'logout+jwt', 'dpop+jwt', 7])(
    'OIDC-15: refuses typ %j',
    (typ) => refuses(idToken({}, { typ }), 'another type (typ)'),
  );

  it.each(['JWT', 'jwt', 'application/jwt'])('OIDC-15: accepts typ %s', (typ) => {
    expect(validateIdToken(idToken({}, { typ }), expected).sub).toBe('alice');
  });

  it('OIDC-13: refuses an encrypted ID token, and what is no JWT', () => {
    refuses('a.b.c.d.e', 'encrypted');
    refuses('opaque', 'opaque');
  });
});
