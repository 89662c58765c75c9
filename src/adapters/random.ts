// Random bytes for state, nonce, code verifier and keys (RFC 6749 §10.10).

import { randomBytes } from 'node:crypto';
import type { Random } from '../environment.ts';

export function createRandom(): Random {
  return { bytes: (length) => randomBytes(length) };
}
