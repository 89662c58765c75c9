// The forms that our own pages post, and the token that shows that it was our page that posted (CSRF).

import { createHmac, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

const limit = 8192;

/** Null when the body is no form or longer than 8 KiB. */
export async function readForm(request: IncomingMessage): Promise<URLSearchParams | null> {
  const mediaType = request.headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  if (mediaType !== 'application/x-www-form-urlencoded') return null;
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > limit) return null;
    chunks.push(chunk);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}

/** The token of one interaction; nobody without the key can make it. */
export function csrfToken(key: Buffer, interactionId: string): string {
  return createHmac('sha256', key).update(interactionId).digest('base64url');
}

export function isCsrfToken(key: Buffer, interactionId: string, token: string | null): boolean {
  const expected = Buffer.from(csrfToken(key, interactionId));
  const presented = Buffer.from(token ?? '');
  return presented.length === expected.length && timingSafeEqual(presented, expected);
}
