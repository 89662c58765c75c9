// ID token validation (OpenID Connect Core §3.1.3.7 and §3.1.3.8). The signature is verified in every flow.

import { createHash } from 'node:crypto';
import { CliError } from '../errors.ts';
import type { JsonObject } from '../strict-json.ts';
import type { Hash } from './algorithms.ts';
import { encodeBase64url } from './base64url.ts';
import { checkAudience, checkIssuer, checkTimes, findTime } from './claims.ts';
import type { DecodedJws } from './decode.ts';
import { decodeJws } from './decode.ts';
import type { VerificationKey } from './jwk-set.ts';
import { verifyJwsSignature } from './verify-signature.ts';

export type IdTokenExpectations = {
  readonly issuer: string;
  readonly clientId: string;
  /** As sent in the authorization request; without one, the ID token must have none. */
  readonly nonce?: string | undefined;
  /** A refreshed ID token may leave out the nonce; OpenID Connect Core §12.2. */
  readonly isRefreshed?: boolean | undefined;
  /** As sent in the authorization request, in seconds. */
  readonly maxAge?: number | undefined;
  /** The access token that came with the ID token; compared with `at_hash` where there is one. */
  readonly accessToken?: string | undefined;
  /** From `idTokenAlgorithms`. */
  readonly algorithms: readonly string[];
  readonly keys: readonly VerificationKey[];
  /** For ID tokens signed with HS256, HS384 or HS512. */
  readonly clientSecret?: string | undefined;
  /** Milliseconds since 1970. */
  readonly now: number;
  /** Seconds. */
  readonly leeway: number;
  /** How long ago it may have been issued, in seconds; a day when absent. */
  readonly maxTokenAge?: number | undefined;
};

/** Times in seconds since 1970. */
export type IdTokenClaims = {
  readonly iss: string;
  readonly sub: string;
  readonly aud: readonly string[];
  readonly exp: number;
  readonly iat: number;
  readonly nonce?: string | undefined;
  readonly authTime?: number | undefined;
};

/**
 * The claims of an ID token that has passed every check.
 * @throws CliError `protocol_violation` with the first check that failed
 * @see OpenID Connect Core §3.1.3.7
 */
export function validateIdToken(token: string, expected: IdTokenExpectations): IdTokenClaims {
  try {
    return validate(decodeJws(token), expected);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError('protocol_violation', `the ID token is refused: ${error.message}`);
  }
}

/**
 * The `alg` values an ID token may have: what the client registered, else what the server announces, else RS256.
 * @see OpenID Connect Core §3.1.3.7 (7); OpenID Connect Dynamic Client Registration §2
 */
export function idTokenAlgorithms(
  registered: string | undefined,
  announced: unknown,
): readonly string[] {
  const ofServer: readonly unknown[] = Array.isArray(announced) ? announced : ['RS256'];
  return (registered === undefined ? ofServer : [registered])
    .filter((alg) => typeof alg === 'string')
    .filter((alg) => alg.toLowerCase() !== 'none');
}

function validate(jws: DecodedJws, expected: IdTokenExpectations): IdTokenClaims {
  const { header, payload } = jws;
  refuseOtherKinds(header, payload);
  const { hash } = verifyJwsSignature(jws, {
    keys: expected.keys,
    secret: expected.clientSecret === undefined ? undefined : Buffer.from(expected.clientSecret),
    algorithms: expected.algorithms,
  });
  const now = expected.now / 1000;
  checkIssuer(payload, expected.issuer);
  const aud = checkAudience(payload, expected.clientId);
  checkAuthorizedParty(payload, aud, expected.clientId);
  checkTimes(payload, now, expected.leeway);
  const exp = requireTime(payload, 'exp');
  const iat = checkIssuedAt(payload, now, expected.maxTokenAge ?? 86_400);
  const sub = checkSubject(payload);
  const nonce = checkNonce(payload, expected);
  const authTime = checkAuthenticationTime(payload, now, expected);
  checkAccessTokenHash(payload, hash, expected.accessToken);
  return { iss: expected.issuer, sub, aud, exp, iat, nonce, authTime };
}

/** An access token or a logout token is none, whoever signed it. @see RFC 8725 §3.11, §3.12; RFC 9068 §2.1 */
function refuseOtherKinds(header: JsonObject, payload: JsonObject): void {
  const { typ } = header;
  if (typ !== undefined && (typeof typ !== 'string' || typ.toLowerCase().endsWith('+jwt'))) {
    throw invalid('it is a JWT of another type (typ)');
  }
  if (Object.hasOwn(payload, 'events')) throw invalid('it is an event or logout token (events)');
}

function checkAuthorizedParty(payload: JsonObject, aud: readonly string[], clientId: string): void {
  const { azp } = payload;
  if (azp !== undefined && azp !== clientId) throw invalid('it was issued to another client (azp)');
  if (azp === undefined && aud.some((audience) => audience !== clientId)) {
    throw invalid('it has further audiences and does not say to whom it was issued (azp)');
  }
}

function checkIssuedAt(payload: JsonObject, now: number, maxTokenAge: number): number {
  const iat = requireTime(payload, 'iat');
  if (iat > now + 60) throw invalid('it was issued in the future (iat); compare the clocks');
  if (iat < now - maxTokenAge) throw invalid('it was issued too long ago (iat)');
  return iat;
}

function checkSubject({ sub }: JsonObject): string {
  if (typeof sub !== 'string' || sub === '' || sub.length > 255) {
    throw invalid('its subject (sub) is missing or not a string of 1 to 255 characters');
  }
  return sub;
}

function checkNonce(
  { nonce }: JsonObject,
  { nonce: sent, isRefreshed = false }: IdTokenExpectations,
): string | undefined {
  if (nonce === sent) return sent;
  if (isRefreshed && nonce === undefined) return undefined;
  if (sent === undefined) throw invalid('it has a nonce, and none was sent');
  throw invalid(nonce === undefined ? 'it has no nonce' : 'its nonce is not the one that was sent');
}

function checkAuthenticationTime(
  payload: JsonObject,
  now: number,
  { maxAge, leeway }: IdTokenExpectations,
): number | undefined {
  if (maxAge === undefined) return findTime(payload, 'auth_time') ?? undefined;
  const authTime = requireTime(payload, 'auth_time');
  if (now > authTime + maxAge + leeway) throw invalid('the login is too long ago (auth_time)');
  return authTime;
}

/** The hash is that of the signature's algorithm: SHA-512 with Ed25519. @see OpenID Connect Core §3.1.3.8 */
function checkAccessTokenHash(
  { at_hash: hashOfToken }: JsonObject,
  hash: Hash,
  accessToken: string | undefined,
): void {
  if (hashOfToken === undefined || accessToken === undefined) return;
  const digest = createHash(hash).update(accessToken).digest();
  if (hashOfToken !== encodeBase64url(digest.subarray(0, digest.length / 2))) {
    throw invalid('it belongs to another access token (at_hash)');
  }
}

function requireTime(payload: JsonObject, name: string): number {
  const time = findTime(payload, name);
  if (time === null) throw invalid(`it has no ${name}`);
  return time;
}

function invalid(reason: string): CliError {
  return new CliError('jwt_invalid', reason);
}
