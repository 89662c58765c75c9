// Proof Key for Code Exchange with S256 (RFC 7636 §4), and the other random values of an authorization request.

import type { Random } from '../environment.ts';

/** 256 random bits as 43 base64url characters: a code verifier, state or nonce. @see RFC 7636 §4.1 */
export function randomValue(random: Random): string {
  return base64url(random.bytes(32));
}

/** The S256 code challenge of a code verifier. @see RFC 7636 §4.2 */
export function codeChallenge(sha256: (text: string) => Uint8Array, codeVerifier: string): string {
  return base64url(sha256(codeVerifier));
}

function base64url(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
}
