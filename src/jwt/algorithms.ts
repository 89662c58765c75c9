// The signature algorithms that oauth-cli verifies, and the key that each needs (RFC 7518 §3, RFC 8037, RFC 9864).

export type Algorithm =
  | { readonly kty: 'oct'; readonly hash: Hash }
  | { readonly kty: 'RSA'; readonly hash: Hash; readonly padding: 'pkcs1' | 'pss' }
  | {
      readonly kty: 'EC';
      readonly hash: Hash;
      readonly crv: string;
      readonly signatureLength: number;
    }
  | { readonly kty: 'OKP'; readonly hash: Hash; readonly crv: 'Ed25519' };

export type Hash = 'sha256' | 'sha384' | 'sha512';

// A Map: `alg` comes from the token, and "constructor" must find nothing.
const algorithms: ReadonlyMap<string, Algorithm> = new Map<string, Algorithm>([
  ['HS256', { kty: 'oct', hash: 'sha256' }],
  ['HS384', { kty: 'oct', hash: 'sha384' }],
  ['HS512', { kty: 'oct', hash: 'sha512' }],
  ['RS256', { kty: 'RSA', hash: 'sha256', padding: 'pkcs1' }],
  ['RS384', { kty: 'RSA', hash: 'sha384', padding: 'pkcs1' }],
  ['RS512', { kty: 'RSA', hash: 'sha512', padding: 'pkcs1' }],
  ['PS256', { kty: 'RSA', hash: 'sha256', padding: 'pss' }],
  ['PS384', { kty: 'RSA', hash: 'sha384', padding: 'pss' }],
  ['PS512', { kty: 'RSA', hash: 'sha512', padding: 'pss' }],
  ['ES256', { kty: 'EC', hash: 'sha256', crv: 'P-256', signatureLength: 64 }],
  ['ES384', { kty: 'EC', hash: 'sha384', crv: 'P-384', signatureLength: 96 }],
  ['ES512', { kty: 'EC', hash: 'sha512', crv: 'P-521', signatureLength: 132 }],
  ['EdDSA', { kty: 'OKP', hash: 'sha512', crv: 'Ed25519' }],
  ['Ed25519', { kty: 'OKP', hash: 'sha512', crv: 'Ed25519' }],
]);

/** Null for an algorithm that oauth-cli does not verify, `none` in any spelling among them. */
export function findAlgorithm(alg: string): Algorithm | null {
  return algorithms.get(alg) ?? null;
}
