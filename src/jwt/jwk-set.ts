// JWK Sets: which keys are good for verifying, and which of them fit a token (RFC 7517 §4 and §5, RFC 7518 §6).

import type { JsonWebKey, KeyObject } from 'node:crypto';
import { createPublicKey } from 'node:crypto';
import { CliError } from '../errors.ts';
import { findAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';

export type VerificationKey = {
  readonly kty: 'RSA' | 'EC' | 'OKP';
  readonly crv?: string | undefined;
  readonly kid?: string | undefined;
  /** The only algorithm that the key may be used with. */
  readonly alg?: string | undefined;
  readonly publicKey: KeyObject;
};

const maxKeys = 500;
const maxCandidates = 10;
const privateMembers = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k', 'priv'];
const coordinateBytes: ReadonlyMap<unknown, number> = new Map([
  ['P-256', 32],
  ['P-384', 48],
  ['P-521', 66],
]);

/**
 * The keys of a JWK Set that may verify signatures; every other key in it is ignored.
 * @throws CliError `protocol_violation` when the value is no JWK Set or has more than 500 keys
 * @see RFC 7517 §5
 */
export function parseJwkSet(value: unknown): readonly VerificationKey[] {
  const keys = isObject(value) ? value['keys'] : undefined;
  if (!Array.isArray(keys)) {
    throw new CliError('protocol_violation', 'the JWK Set has no array of keys');
  }
  if (keys.length > maxKeys) {
    throw new CliError('protocol_violation', `the JWK Set has more than ${maxKeys} keys`);
  }
  return keys.map(parseJwk).filter((key) => key !== null);
}

/**
 * The keys that fit the header's `alg` and, where there is one, its `kid`: ten at most.
 * @see RFC 7515 §6
 */
export function selectKeys(
  keys: readonly VerificationKey[],
  header: { readonly alg: string; readonly kid: string | undefined },
): readonly VerificationKey[] {
  const algorithm = findAlgorithm(header.alg);
  if (algorithm === null) return [];
  const crv = 'crv' in algorithm ? algorithm.crv : undefined;
  return keys
    .filter((key) => key.kty === algorithm.kty && key.crv === crv)
    .filter((key) => key.alg === undefined || key.alg === header.alg)
    .filter((key) => header.kid === undefined || key.kid === header.kid)
    .slice(0, maxCandidates);
}

function parseJwk(jwk: unknown): VerificationKey | null {
  if (!isObject(jwk) || !isMeantForVerifying(jwk)) return null;
  const { kty, kid, alg } = jwk;
  const members = publicMembers(jwk);
  const publicKey = members === null ? null : importKey(members);
  if (publicKey === null || !isStrong(publicKey)) return null;
  return {
    kty: kty as VerificationKey['kty'],
    crv: members?.crv,
    kid: kid as string | undefined,
    alg: alg as string | undefined,
    publicKey,
  };
}

function isMeantForVerifying(jwk: JwkMembers): boolean {
  const { use, kid, alg, key_ops: operations } = jwk;
  return (
    isOptionalString(kid) &&
    isOptionalString(alg) &&
    (use === undefined || use === 'sig') &&
    (operations === undefined || (Array.isArray(operations) && operations.includes('verify'))) &&
    !privateMembers.some((name) => Object.hasOwn(jwk, name))
  );
}

/** Only these reach the importer; null for a kind of key that is not verified with here. */
function publicMembers(jwk: JwkMembers): JsonWebKey | null {
  const { kty, crv, n, e, x, y } = jwk;
  if (kty === 'RSA' && isBytes(n) && isBytes(e)) return { kty, n, e };
  const size = coordinateBytes.get(crv);
  if (kty === 'EC' && size !== undefined && isBytes(x, size) && isBytes(y, size)) {
    return { kty, crv: crv as string, x, y };
  }
  if (kty === 'OKP' && crv === 'Ed25519' && isBytes(x, 32)) return { kty, crv, x };
  return null;
}

/** Null for a key that cannot be, such as a point that is not on its curve. */
function importKey(key: JsonWebKey): KeyObject | null {
  try {
    return createPublicKey({ key, format: 'jwk' });
  } catch {
    return null;
  }
}

/** RFC 7518 §3.3: 2048 bits or more; an exponent of 1 or an even one makes signatures forgeable. */
function isStrong(key: KeyObject): boolean {
  if (key.asymmetricKeyType !== 'rsa') return true;
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {};
  return modulusLength >= 2048 && publicExponent > 1n && publicExponent % 2n === 1n;
}

type JwkMembers = { readonly [name: string]: unknown };

function isObject(value: unknown): value is JwkMembers {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOptionalString(value: unknown): boolean {
  return value === undefined || typeof value === 'string';
}

function isBytes(value: unknown, size?: number): value is string {
  if (typeof value !== 'string' || value === '') return false;
  const bytes = decodeBase64url(value);
  return bytes !== null && (size === undefined || bytes.length === size);
}
