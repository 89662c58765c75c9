// Decoding a JWT in the JWS Compact Serialization; nothing is verified here (RFC 7515 §3.1, RFC 7519 §7.2).

import { CliError } from '../errors.ts';
import type { JsonObject } from '../strict-json.ts';
import { JsonError, readJsonObject, readUtf8 } from '../strict-json.ts';
import { decodeBase64url } from './base64url.ts';

export type DecodedJws = {
  /** The JOSE header. */
  readonly header: JsonObject;
  /** The claims set. */
  readonly payload: JsonObject;
  /** Canonical base64url; empty only with `alg` none. */
  readonly signature: string;
  /** ASCII: the two segments that the signature covers, with the dot between. */
  readonly signingInput: string;
};

const maxLength = 262_144;

/**
 * Header and claims set of a JWT, unverified.
 * @throws CliError `jwt_invalid`; no message contains a part of the token
 * @see RFC 7519 §7.2
 */
export function decodeJws(token: string): DecodedJws {
  const [header64, payload64, signature] = splitCompact(token);
  const header = readSegment(header64, 'header');
  const payload = readSegment(payload64, 'claims set');
  if (decodeBase64url(signature) === null) throw invalid("the JWT's signature is not base64url");
  if (signature === '' && header['alg'] !== 'none') throw invalid("the JWT's signature is empty");
  return { header, payload, signature, signingInput: `${header64}.${payload64}` };
}

function splitCompact(token: string): readonly [string, string, string] {
  // Before anything looks for dots: 10 MB of them must cost nothing.
  if (token.length > maxLength) throw invalid(`the token is longer than ${maxLength} characters`);
  if (token === '') throw invalid('the token is empty');
  if (token.startsWith('{')) {
    throw invalid('the token is in a JSON serialization; a JWT is compact: three parts with dots');
  }
  const segments = token.split('.', 7);
  const [header, payload, signature] = segments;
  if (segments.length === 1) {
    throw invalid('the token is not a JWT but opaque: only its authorization server can read it');
  }
  if (segments.length === 5) {
    throw invalid('the token is an encrypted JWT (JWE): its claims cannot be read without the key');
  }
  if (segments.length !== 3) throw invalid('the token is not a JWT: it does not have three parts');
  return [header ?? '', payload ?? '', signature ?? ''];
}

function readSegment(segment: string, what: string): JsonObject {
  const bytes = segment === '' ? null : decodeBase64url(segment);
  if (bytes === null)
    throw invalid(`the JWT's ${what} is ${segment === '' ? 'empty' : 'not base64url'}`);
  try {
    return readJsonObject(readUtf8(bytes));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw invalid(`the JWT's ${what} cannot be read: ${error.message}`);
  }
}

function invalid(message: string): CliError {
  return new CliError('jwt_invalid', message);
}
