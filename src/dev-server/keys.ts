// The server's secrets: all random per start, none ever stored or built in.

import { generateKeyPairSync, randomBytes, type JsonWebKey, type KeyObject } from 'node:crypto';

export type ServerKeys = {
  /** Private P-256 JWK for ID tokens and access tokens (ES256); EC because generating RSA takes half a second. */
  readonly signingKey: JsonWebKey;
  readonly verificationKey: KeyObject;
  readonly cookieKey: string;
  readonly csrfKey: Buffer;
};

export function generateServerKeys(): ServerKeys {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    signingKey: { ...privateKey.export({ format: 'jwk' }), use: 'sig', alg: 'ES256' },
    verificationKey: publicKey,
    cookieKey: randomBytes(32).toString('base64url'),
    csrfKey: randomBytes(32),
  };
}
