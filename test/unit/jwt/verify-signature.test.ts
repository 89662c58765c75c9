import { readFileSync } from 'node:fs';
import { constants, createHmac, sign } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import type { DecodedJws } from '../../../src/jwt/decode.ts';
import { decodeJws } from '../../../src/jwt/decode.ts';
import { parseJwkSet } from '../../../src/jwt/jwk-set.ts';
import type { VerificationMaterial } from '../../../src/jwt/verify-signature.ts';
import { verifyJwsSignature } from '../../../src/jwt/verify-signature.ts';
import { algorithmPairs, base64url, everyAlgorithm, jwkOf, pairs, signToken } from './tokens.ts';

type Vector = { section: string; alg: string; secret?: string; jwk?: object; token: string };
const vectors = JSON.parse(
  readFileSync(new URL('../../vectors/rfc7515-appendix-a.json', import.meta.url), 'utf8'),
) as Vector[];

const claims = { sub: 'alice' };
const secret = Buffer.alloc(64, 's');
const everyKey = Object.entries(pairs).map(([kid, pair]) => jwkOf(pair, { kid }));
const everything: VerificationMaterial = {
  keys: parseJwkSet({ keys: everyKey }),
  secret,
  algorithms: everyAlgorithm,
};

function keyFor(alg: string) {
  return algorithmPairs[alg]?.privateKey ?? secret;
}

/** The parts of a token, without decodeJws's demand that the payload be claims. */
function parts(token: string): DecodedJws {
  const [header = '', payload = '', signature = ''] = token.split('.');
  return {
    header: JSON.parse(Buffer.from(header, 'base64url').toString()),
    payload: {},
    signature,
    signingInput: `${header}.${payload}`,
  };
}

function refuses(
  token: string,
  reason: string,
  material: Partial<VerificationMaterial> = {},
): void {
  expect(() => verifyJwsSignature(decodeJws(token), { ...everything, ...material })).toThrow(
    expect.objectContaining({ code: 'jwt_invalid', message: expect.stringContaining(reason) }),
  );
}

describe('verifyJwsSignature', () => {
  it.each(vectors)('verifies RFC 7515 $section ($alg) and nothing near it', (vector) => {
    const material = {
      keys: parseJwkSet({ keys: vector.jwk === undefined ? [] : [vector.jwk] }),
      secret: vector.secret === undefined ? undefined : Buffer.from(vector.secret, 'base64url'),
      algorithms: [vector.alg],
    };
    const jws = parts(vector.token);
    expect(() => verifyJwsSignature(jws, material)).not.toThrow();
    expect(() =>
      verifyJwsSignature({ ...jws, signingInput: `${jws.signingInput}A` }, material),
    ).toThrow('the signature does not match');
  });

  it.each(everyAlgorithm)('verifies %s, and no other content, signature or key', (alg) => {
    const token = signToken({ alg }, claims, keyFor(alg));
    expect(() => verifyJwsSignature(decodeJws(token), everything)).not.toThrow();
    const [header = '', payload = '', signature = ''] = token.split('.');
    const flipped = Buffer.from(signature, 'base64url').map((byte, index) =>
      index === 5 ? byte ^ 1 : byte,
    );
    refuses(`${header}.${base64url({ sub: 'mallory' })}.${signature}`, 'does not match');
    refuses(`${header}.${payload}.${base64url(flipped)}`, 'does not match');
    refuses(`${header}.${payload}.${base64url(flipped.subarray(1))}`, 'does not match');
    refuses(token, `the signature algorithm ${alg} is not accepted here`, {
      algorithms: everyAlgorithm.filter((other) => other !== alg),
    });
    const other = { keys: [], secret: Buffer.alloc(64, 'x') };
    refuses(token, alg.startsWith('HS') ? 'does not match' : 'no key fits', other);
  });

  it('JWT-01: uses no public key as an HMAC secret', () => {
    const { publicKey } = pairs.rsa;
    const jwk = jwkOf(pairs.rsa, { kid: 'rsa' });
    const secrets = [
      publicKey.export({ type: 'spki', format: 'pem' }),
      publicKey.export({ type: 'pkcs1', format: 'pem' }),
      publicKey.export({ type: 'spki', format: 'der' }),
      JSON.stringify(jwk),
      jwk.n ?? '',
      Buffer.from(jwk.n ?? '', 'base64url'),
      jwk.e ?? '',
      'RSA',
      'RS256',
      '',
    ];
    for (const hmacSecret of secrets) {
      const token = signToken({ alg: 'HS256', kid: 'rsa' }, claims, Buffer.from(hmacSecret));
      refuses(token, 'HS256 is not accepted', { algorithms: ['RS256'], secret: undefined });
      refuses(token, 'there is no secret', { secret: undefined });
      refuses(token, 'does not match');
    }
  });

  it.each([
    ['PS256', 'RS256'],
    ['RS256', 'PS256'],
    ['RS512', 'RS256'],
  ])('JWT-01: a key registered for %s verifies no %s', (registered, used) => {
    const keys = parseJwkSet({ keys: [jwkOf(pairs.rsa, { alg: registered })] });
    refuses(signToken({ alg: used }, claims, pairs.rsa.privateKey), 'no key fits', { keys });
  });

  it.each(['none', 'None', 'NONE', 'nOnE'])('JWT-01: refuses alg %s, signed or not', (alg) => {
    const input = `${base64url({ alg })}.${base64url(claims)}`;
    const material = { algorithms: [...everyAlgorithm, alg] };
    refuses(`${input}.${base64url('x')}`, 'not signed', material);
    if (alg === 'none') refuses(`${input}.`, 'not signed', material);
  });

  it.each([undefined, null, 1, ['RS256'], {}])('JWT-01: refuses %j as alg', (alg) => {
    refuses(`${base64url({ alg })}.${base64url(claims)}.AAAA`, 'no algorithm (alg)');
  });

  it.each(['', 'rs256', 'RS256 ', 'ES256K', 'RSA-OAEP', 'constructor', '__proto__'])(
    'JWT-01: refuses the unknown alg %j, accepted or not',
    (alg) => {
      const token = `${base64url({ alg })}.${base64url(claims)}.AAAA`;
      refuses(token, 'not supported', { algorithms: [alg] });
    },
  );

  it.each([
    ['jwk', jwkOf(pairs.rsa)],
    ['jku', 'http://127.0.0.1:9/jwks'],
    ['x5u', 'http://127.0.0.1:9/cert'],
    ['x5c', ['MIIB']],
  ])('JWT-02: takes no key from %s in the header', (name, value) => {
    const token = signToken({ alg: 'RS256', [name]: value }, claims, pairs.rsa.privateKey);
    refuses(token, 'no key fits', { keys: [] });
    refuses(token, 'no key fits', { keys: parseJwkSet({ keys: [jwkOf(pairs.p256)] }) });
    expect(() => verifyJwsSignature(decodeJws(token), everything)).not.toThrow();
  });

  it.each([
    ['an unknown name', { crit: ['exp'], exp: 1 }],
    ['an empty list', { crit: [] }],
    ['a name that is not in the header', { crit: ['b64'] }],
    ['no list', { crit: 'b64' }],
    ['null', { crit: null }],
    ['a registered name', { crit: ['alg'] }],
    ['b64, which is not supported', { crit: ['b64'], b64: false }],
  ])('JWT-03: refuses crit with %s', (_, members) => {
    refuses(signToken({ alg: 'ES256', ...members }, claims, pairs.p256.privateKey), '(crit)');
  });

  it.each([true, false])('JWT-03: refuses b64 %s without crit', (b64) => {
    refuses(signToken({ alg: 'ES256', b64 }, claims, pairs.p256.privateKey), '(b64)');
  });

  const ec = [
    ['ES256', 64],
    ['ES384', 96],
    ['ES512', 132],
  ] as const;

  it.each(ec)('JWT-07: refuses %s signatures with r or s zero, or both', (alg, length) => {
    const token = signToken({ alg }, claims, keyFor(alg));
    const [header = '', payload = '', good = ''] = token.split('.');
    const half = length / 2;
    for (const [from, to] of [
      [0, half],
      [half, length],
      [0, length],
    ] as const) {
      const signature = Buffer.from(good, 'base64url').fill(0, from, to);
      refuses(`${header}.${payload}.${base64url(signature)}`, 'does not match');
    }
  });

  it.each(ec)('JWT-07: refuses %s signatures in DER', (alg) => {
    const input = `${base64url({ alg })}.${base64url(claims)}`;
    const key = algorithmPairs[alg]!.privateKey;
    const der = sign(`sha${alg.slice(2)}`, Buffer.from(input), { key, dsaEncoding: 'der' });
    refuses(`${input}.${base64url(der)}`, 'does not match');
  });

  it('JWT-07: refuses a key on the wrong curve for the algorithm', () => {
    const input = `${base64url({ alg: 'ES256' })}.${base64url(claims)}`;
    const key = pairs.p384.privateKey;
    const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
    const keys = parseJwkSet({ keys: [jwkOf(pairs.p384)] });
    refuses(`${input}.${base64url(signature)}`, 'no key fits', { keys });
  });

  it('refuses a PS256 signature with another salt length', () => {
    const input = `${base64url({ alg: 'PS256' })}.${base64url(claims)}`;
    const signature = sign('sha256', Buffer.from(input), {
      key: pairs.rsa.privateKey,
      padding: constants.RSA_PKCS1_PSS_PADDING,
      saltLength: 8,
    });
    refuses(`${input}.${base64url(signature)}`, 'does not match');
  });

  it.each([
    ['HS256', 31],
    ['HS384', 47],
    ['HS512', 63],
  ])('JWT-08: refuses %s with a secret of %i bytes', (alg, length) => {
    const short = Buffer.alloc(length, 'k');
    refuses(signToken({ alg }, claims, short), 'the secret is shorter', { secret: short });
    const enough = Buffer.alloc(length + 1, 'k');
    const token = signToken({ alg }, claims, enough);
    expect(() =>
      verifyJwsSignature(decodeJws(token), { ...everything, secret: enough }),
    ).not.toThrow();
  });

  it('refuses a truncated HMAC', () => {
    const input = `${base64url({ alg: 'HS256' })}.${base64url(claims)}`;
    const tag = createHmac('sha256', secret).update(input).digest().subarray(0, 16);
    refuses(`${input}.${base64url(tag)}`, 'does not match');
  });

  it('JWT-10: refuses an unknown kid, and a kid that is no string', () => {
    const key = pairs.rsa.privateKey;
    refuses(
      signToken({ alg: 'RS256', kid: 'other' }, claims, key),
      "no key fits the token's RS256 signature",
    );
    refuses(signToken({ alg: 'RS256', kid: 7 }, claims, key), 'kid');
  });

  it('JWT-11: tries each key that fits when there is no kid', () => {
    const others = Array.from({ length: 3 }, (_, index) => jwkOf(pairs.p384, { kid: `${index}` }));
    const keys = parseJwkSet({ keys: [vectors[2]!.jwk, ...others, jwkOf(pairs.p256)] });
    const token = signToken({ alg: 'ES256' }, claims, pairs.p256.privateKey);
    expect(() => verifyJwsSignature(decodeJws(token), { ...everything, keys })).not.toThrow();
  });
});
