// Strict base64url (RFC 7515 §2, RFC 4648 §3.5).

/**
 * Null for anything but the one canonical encoding: no padding, white space, `+` or `/`, no unused bits set.
 * @see RFC 7515 §2
 */
export function decodeBase64url(text: string): Uint8Array | null {
  const bytes = Buffer.from(text, 'base64url');
  return encodeBase64url(bytes) === text ? bytes : null;
}

/** @see RFC 7515 §2 */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url');
}
