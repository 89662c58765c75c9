import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { parseJwkSet, selectKeys } from '../../../src/jwt/jwk-set.ts';
import { jwkOf, pairs } from './tokens.ts';

const rsa = jwkOf(pairs.rsa);
const p256 = jwkOf(pairs.p256);
const weakRsa = generateKeyPairSync('rsa', { modulusLength: 1024 });
const flip = (text: string | undefined) =>
  `${text?.startsWith('A') === true ? 'B' : 'A'}${text?.slice(1) ?? ''}`;

describe('parseJwkSet', () => {
  it('takes RSA, EC and Ed25519 keys', () => {
    const keys = parseJwkSet({ keys: Object.values(pairs).map((pair) => jwkOf(pair)) });
    expect(keys.map(({ kty, crv }) => [kty, crv])).toEqual([
      ['RSA', undefined],
      ['EC', 'P-256'],
      ['EC', 'P-384'],
      ['EC', 'P-521'],
      ['OKP', 'Ed25519'],
    ]);
  });

  it.each([
    ['use sig', { use: 'sig' }],
    ['key_ops with verify', { key_ops: ['verify'] }],
    ['unknown members', { x5c: ['AAAA'], issuer: 'https://as.example' }],
  ])('takes a key with %s', (_, members) => {
    expect(parseJwkSet({ keys: [jwkOf(pairs.rsa, members)] })).toHaveLength(1);
  });

  it.each([
    ['JWT-12: use enc', { ...rsa, use: 'enc' }],
    ['JWT-12: a use that is no string', { ...rsa, use: ['sig'] }],
    ['JWT-12: key_ops without verify', { ...rsa, key_ops: ['sign', 'encrypt'] }],
    ['JWT-12: key_ops that is no array', { ...rsa, key_ops: 'verify' }],
    ['JWT-12: a secret key', { kty: 'oct', k: 'AyM1SysPpbyDfgZld3umj1qzKObwVMko' }],
    ['JWT-12: a private RSA key', pairs.rsa.privateKey.export({ format: 'jwk' })],
    ['JWT-12: a private EC key', pairs.p256.privateKey.export({ format: 'jwk' })],
    ['JWT-12: a private Ed25519 key', pairs.ed25519.privateKey.export({ format: 'jwk' })],
    ['JWT-13: an unknown kty', { kty: 'AKP', alg: 'ML-DSA-44', pub: 'AAAA' }],
    ['JWT-13: no kty', { n: rsa.n, e: rsa.e }],
    ['JWT-13: a missing member', { kty: 'RSA', n: rsa.n }],
    ['JWT-13: an unknown curve', { ...p256, crv: 'secp256k1' }],
    ['JWT-13: the curve of a prototype', { ...p256, crv: 'constructor' }],
    ['JWT-13: a kid that is no string', { ...rsa, kid: 1 }],
    ['JWT-13: an alg that is no string', { ...rsa, alg: ['RS256'] }],
    ['JWT-13: null', null],
    ['JWT-13: a string', 'key'],
    ['JWT-13: an array', [rsa]],
    ['JWT-04: base64 instead of base64url', { ...rsa, n: `${rsa.n?.slice(0, -1) ?? ''}=` }],
    ['JWT-07: a point that is not on its curve', { ...p256, y: flip(p256.y) }],
    ['JWT-07: coordinates of another length', { ...p256, x: 'AQAB' }],
    ['JWT-07: the curve of another key', { ...p256, crv: 'P-384' }],
    ['JWT-08: an RSA modulus of 1024 bits', jwkOf(weakRsa)],
    ['JWT-08: the RSA exponent 1', { ...rsa, e: 'AQ' }],
    ['JWT-08: an even RSA exponent', { ...rsa, e: 'AQAA' }],
    ['JWT-08: the RSA exponent 0', { ...rsa, e: 'AA' }],
  ])('ignores a key with %s and keeps the others', (_, key) => {
    expect(parseJwkSet({ keys: [key, p256] }).map(({ kty }) => kty)).toEqual(['EC']);
  });

  it.each([null, [], 'keys', {}, { keys: {} }, { keys: null }])('refuses %j as a set', (value) => {
    expect(() => parseJwkSet(value)).toThrow(
      expect.objectContaining({
        code: 'protocol_violation',
        message: 'the JWK Set has no array of keys',
      }),
    );
  });

  it('JWT-14: refuses a set of 10,000 keys', () => {
    expect(() => parseJwkSet({ keys: Array.from({ length: 10_000 }, () => p256) })).toThrow(
      expect.objectContaining({ code: 'protocol_violation' }),
    );
  });
});

describe('selectKeys', () => {
  const kids = (keys: readonly unknown[], alg: string, kid?: string) =>
    selectKeys(parseJwkSet({ keys }), { alg, kid }).map((key) => key.kid);

  it('JWT-10: matches kid as an opaque string, whatever it looks like', () => {
    const names = ['a', 'A', '../../dev/null', "' OR 1=1 --", 'https://evil.example/jwks', ''];
    const keys = names.map((kid) => ({ ...p256, kid }));
    for (const kid of names) expect(kids(keys, 'ES256', kid)).toEqual([kid]);
    expect(kids(keys, 'ES256', 'b')).toEqual([]);
    expect(kids([p256], 'ES256', 'a')).toEqual([]);
  });

  it('JWT-11: without a kid, takes the keys that fit the algorithm', () => {
    const keys = Object.entries(pairs).map(([kid, pair]) => jwkOf(pair, { kid }));
    expect(kids(keys, 'RS256')).toEqual(['rsa']);
    expect(kids(keys, 'PS512')).toEqual(['rsa']);
    expect(kids(keys, 'ES256')).toEqual(['p256']);
    expect(kids(keys, 'ES384')).toEqual(['p384']);
    expect(kids(keys, 'ES512')).toEqual(['p521']);
    expect(kids(keys, 'EdDSA')).toEqual(['ed25519']);
    expect(kids(keys, 'Ed25519')).toEqual(['ed25519']);
    for (const alg of ['HS256', 'none', 'constructor', 'RSA-OAEP', ''])
      expect(kids(keys, alg)).toEqual([]);
  });

  it('JWT-11: keys that share a kid are told apart by kty and crv', () => {
    const keys = [jwkOf(pairs.rsa, { kid: 'k' }), jwkOf(pairs.p256, { kid: 'k' })];
    expect(
      selectKeys(parseJwkSet({ keys }), { alg: 'ES256', kid: 'k' }).map(({ kty }) => kty),
    ).toEqual(['EC']);
  });

  it('JWT-12: leaves out a key that is for another algorithm', () => {
    const keys = [
      jwkOf(pairs.rsa, { kid: 'a', alg: 'PS256' }),
      jwkOf(pairs.rsa, { kid: 'b', alg: 'RS256' }),
    ];
    expect(kids(keys, 'RS256')).toEqual(['b']);
  });

  it('JWT-14: yields ten keys at most', () => {
    expect(
      kids(
        Array.from({ length: 100 }, () => p256),
        'ES256',
      ),
    ).toHaveLength(10);
  });
});
