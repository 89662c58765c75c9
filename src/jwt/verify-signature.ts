// Verifying the signature of a decoded JWT. The caller's list and the key decide on the algorithm; the token only
// says which of those it used (RFC 7515 §5.2, RFC 8725 §3.1).

import { constants, createHmac, timingSafeEqual, verify } from 'node:crypto';
import { CliError } from '../errors.ts';
import type { JsonObject } from '../strict-json.ts';
import type { Algorithm } from './algorithms.ts';
import { findAlgorithm } from './algorithms.ts';
import { decodeBase64url } from './base64url.ts';
import type { DecodedJws } from './decode.ts';
import type { VerificationKey } from './jwk-set.ts';
import { selectKeys } from './jwk-set.ts';

export type VerificationMaterial = {
  readonly keys: readonly VerificationKey[];
  /** For HS256, HS384 and HS512; no public key is ever used as one. */
  readonly secret?: Uint8Array | undefined;
  /** The `alg` values that are accepted. */
  readonly algorithms: readonly string[];
};

/**
 * Returns the algorithm when one of the keys, or the secret, made the signature.
 * @throws CliError `jwt_invalid`
 * @see RFC 7515 §5.2; RFC 8725 §3
 */
export function verifyJwsSignature(jws: DecodedJws, material: VerificationMaterial): Algorithm {
  refuseExtensions(jws.header);
  const { alg, algorithm } = acceptedAlgorithm(jws.header, material.algorithms);
  const signature = decodeBase64url(jws.signature) ?? new Uint8Array();
  const input = Buffer.from(jws.signingInput, 'latin1');
  const isSigned =
    algorithm.kty === 'oct'
      ? isHmac(algorithm.hash, requireSecret(material.secret, algorithm), input, signature)
      : requireKeys(material.keys, jws.header, alg).some((key) =>
          isSignature(algorithm, key, input, signature),
        );
  if (!isSigned) throw invalid('the signature does not match');
  return algorithm;
}

/** We understand no extension, so every `crit` names one too many. @see RFC 7515 §4.1.11; RFC 7797 §6 */
function refuseExtensions(header: JsonObject): void {
  for (const name of ['crit', 'b64']) {
    if (Object.hasOwn(header, name)) {
      throw invalid(`the header uses an extension that is not supported (${name})`);
    }
  }
}

function acceptedAlgorithm(
  header: JsonObject,
  accepted: readonly string[],
): { alg: string; algorithm: Algorithm } {
  const alg = header['alg'];
  if (typeof alg !== 'string') throw invalid('the header has no algorithm (alg)');
  if (alg.toLowerCase() === 'none') throw invalid('the token is not signed (alg is none)');
  const algorithm = findAlgorithm(alg);
  if (algorithm === null) throw invalid('the signature algorithm (alg) is not supported');
  if (!accepted.includes(alg)) throw invalid(`the signature algorithm ${alg} is not accepted here`);
  return { alg, algorithm };
}

/** RFC 7518 §3.2: a key as long as the hash, or longer. */
function requireSecret(secret: Uint8Array | undefined, { hash }: Algorithm): Uint8Array {
  if (secret === undefined) throw invalid('there is no secret to verify the signature with');
  if (secret.length * 8 < Number(hash.slice(3))) {
    throw invalid(`the secret is shorter than the ${hash.slice(3)} bits that its algorithm needs`);
  }
  return secret;
}

function requireKeys(
  keys: readonly VerificationKey[],
  header: JsonObject,
  alg: string,
): readonly VerificationKey[] {
  const kid = header['kid'];
  if (kid !== undefined && typeof kid !== 'string')
    throw invalid('the key ID (kid) is not a string');
  const candidates = selectKeys(keys, { alg, kid });
  if (candidates.length === 0) throw invalid(`no key fits the token's ${alg} signature`);
  return candidates;
}

function isHmac(
  hash: string,
  secret: Uint8Array,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  const expected = createHmac(hash, secret).update(input).digest();
  return expected.length === signature.length && timingSafeEqual(expected, signature);
}

function isSignature(
  algorithm: Exclude<Algorithm, { kty: 'oct' }>,
  { publicKey: key }: VerificationKey,
  input: Uint8Array,
  signature: Uint8Array,
): boolean {
  switch (algorithm.kty) {
    case 'RSA': {
      const padding =
        algorithm.padding === 'pss'
          ? {
              padding: constants.RSA_PKCS1_PSS_PADDING,
              saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
            }
          : { padding: constants.RSA_PKCS1_PADDING };
      return verify(algorithm.hash, input, { key, ...padding }, signature);
    }
    case 'EC':
      return (
        isEcdsaPair(signature, algorithm.signatureLength) &&
        verify(algorithm.hash, input, { key, dsaEncoding: 'ieee-p1363' }, signature)
      );
    case 'OKP':
      return verify(null, input, key, signature);
  }
}

/** RFC 7518 §3.4: r and s side by side, at full length; zero is never one of them. */
function isEcdsaPair(signature: Uint8Array, length: number): boolean {
  const r = signature.subarray(0, length / 2);
  const s = signature.subarray(length / 2);
  return signature.length === length && [r, s].every((part) => part.some((byte) => byte !== 0));
}

function invalid(message: string): CliError {
  return new CliError('jwt_invalid', message);
}
