// Keys and signed tokens for the tests, made with node:crypto and nothing of ours.

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { constants, createHmac, generateKeyPairSync, sign } from 'node:crypto';

type Pair = { readonly privateKey: KeyObject; readonly publicKey: KeyObject };

export const pairs: Readonly<Record<'rsa' | 'p256' | 'p384' | 'p521' | 'ed25519', Pair>> = {
  rsa: generateKeyPairSync('rsa', { modulusLength: 2048 }),
  p256: generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  p384: generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  p521: generateKeyPairSync('ec', { namedCurve: 'P-521' }),
  ed25519: generateKeyPairSync('ed25519'),
};

export const algorithmPairs: Readonly<Record<string, Pair>> = {
  RS256: pairs.rsa,
  RS384: pairs.rsa,
  RS512: pairs.rsa,
  PS256: pairs.rsa,
  PS384: pairs.rsa,
  PS512: pairs.rsa,
  ES256: pairs.p256,
  ES384: pairs.p384,
  ES512: pairs.p521,
  EdDSA: pairs.ed25519,
  Ed25519: pairs.ed25519,
};

export const everyAlgorithm = [...Object.keys(algorithmPairs), 'HS256', 'HS384', 'HS512'];

export function jwkOf(pair: Pair, members: Readonly<Record<string, unknown>> = {}): JsonWebKey {
  return { ...pair.publicKey.export({ format: 'jwk' }), ...members };
}

export function base64url(value: unknown): string {
  const isBytes = typeof value === 'string' || value instanceof Uint8Array;
  return Buffer.from(isBytes ? value : JSON.stringify(value)).toString('base64url');
}

/** The key is a private key, or a secret for HS256 and its like. */
export function signToken(
  header: Readonly<Record<string, unknown>>,
  payload: unknown,
  key: KeyObject | Uint8Array,
): string {
  const input = `${base64url(header)}.${base64url(payload)}`;
  return `${input}.${base64url(signatureOf(String(header['alg']), input, key))}`;
}

export function signatureOf(alg: string, input: string, key: KeyObject | Uint8Array): Uint8Array {
  const hash = `sha${alg.slice(2)}`;
  if (key instanceof Uint8Array) return createHmac(hash, key).update(input).digest();
  const data = Buffer.from(input);
  switch (alg.slice(0, 2)) {
    case 'ES':
      return sign(hash, data, { key, dsaEncoding: 'ieee-p1363' });
    case 'PS': {
      const saltLength = constants.RSA_PSS_SALTLEN_DIGEST;
      return sign(hash, data, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength });
    }
    case 'RS':
      return sign(hash, data, key);
    default:
      return sign(null, data, key);
  }
}
