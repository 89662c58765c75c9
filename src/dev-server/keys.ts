// The server's secrets: all random per start, none ever stored or built in.

import {
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  randomBytes,
  type JsonWebKey,
  type KeyObject,
} from 'node:crypto';
import type { SigningAlgorithm } from './configuration.ts';

export type ServerKeys = {
  /** Private JWKs for ID tokens and access tokens, ES256 first. */
  signingKeys(): readonly JsonWebKey[];
  /** New key pairs in place of the old. */
  rotate(): void;
  /** By the algorithm of a JWT access token; null for one that this server never signs with. */
  verificationKey(algorithm: string): KeyObject | null;
  /** Of HS256 access tokens; never in the JWK Set. */
  readonly signingSecret: KeyObject;
  readonly cookieKey: string;
  readonly csrfKey: Buffer;
  /** 32 bytes. */
  readonly dpopNonceSecret: Buffer;
};

/** P-256 always; the other key pairs only when an algorithm wants them: generating RSA takes half a second. */
export function generateServerKeys(
  algorithms: readonly SigningAlgorithm[] = [],
  signingSecret: Buffer = randomBytes(32),
): ServerKeys {
  const asymmetric = new Set(['ES256', ...algorithms].filter((alg) => alg !== 'HS256'));
  const secret = createSecretKey(signingSecret);
  let current = generatePairs(asymmetric);
  return {
    signingKeys: () => current.signingKeys,
    rotate: () => void (current = generatePairs(asymmetric)),
    verificationKey: (alg) => (alg === 'HS256' ? secret : (current.publicKeys.get(alg) ?? null)),
    signingSecret: secret,
    cookieKey: randomBytes(32).toString('base64url'),
    csrfKey: randomBytes(32),
    dpopNonceSecret: randomBytes(32),
  };
}

function generatePairs(algorithms: Iterable<string>) {
  const signingKeys = [...algorithms].map(generateSigningKey);
  const publicKeys = new Map<unknown, KeyObject>(
    signingKeys.map((key) => [key['alg'], createPublicKey({ key, format: 'jwk' })]),
  );
  return { signingKeys, publicKeys };
}

function generateSigningKey(alg: string): JsonWebKey {
  const jwk = generatePrivateKey(alg).export({ format: 'jwk' });
  return { ...jwk, use: 'sig', alg };
}

function generatePrivateKey(alg: string): KeyObject {
  if (alg === 'ES256') return generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  if (alg === 'EdDSA') return generateKeyPairSync('ed25519').privateKey;
  return generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
}
