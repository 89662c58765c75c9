// Authenticated encryption under a passphrase: scrypt (RFC 7914) and AES-256-GCM (NIST SP 800-38D).

import type { ScryptOptions } from 'node:crypto';
import {
  createCipheriv,
  createDecipheriv,
  randomBytes,
  scrypt,
  timingSafeEqual,
} from 'node:crypto';
import type { Sealing } from '../../environment.ts';

/** 32 MiB and about 0.2 s: what OWASP asks for, and 200 processes at once still fit into a machine. */
const cost: ScryptOptions = { N: 32_768, r: 8, p: 3, maxmem: 64 * 1024 * 1024 };

type Derived = { readonly key: Buffer; readonly check: Buffer };

export function createSealing(): Sealing {
  // Deriving is slow on purpose; within one process each salt is derived once.
  const derived = new Map<string, Promise<Derived>>();
  const derive = (passphrase: string, salt: Buffer): Promise<Derived> => {
    const name = `${salt.toString('base64url')} ${passphrase}`;
    const known = derived.get(name) ?? deriveKey(passphrase, salt);
    derived.set(name, known);
    return known;
  };
  return {
    async seal(passphrase, text, context) {
      const salt = randomBytes(16);
      const { key, check } = await derive(passphrase, salt);
      const nonce = randomBytes(12);
      const cipher = createCipheriv('aes-256-gcm', key, nonce);
      cipher.setAAD(authenticated(salt, context));
      const data = Buffer.concat([
        cipher.update(text, 'utf8'),
        cipher.final(),
        cipher.getAuthTag(),
      ]);
      return [salt, check, nonce, data].map((part) => part.toString('base64url')).join('.');
    },
    async open(passphrase, sealed, context) {
      const parts = sealed.split('.').map((part) => Buffer.from(part, 'base64url'));
      const [salt, check, nonce, data] = parts;
      if (parts.length !== 4 || !salt || !check || !nonce || !data) return 'damaged';
      if (`${salt.length} ${check.length} ${nonce.length}` !== '16 16 12' || data.length < 16) {
        return 'damaged';
      }
      const known = await derive(passphrase, salt);
      if (!timingSafeEqual(known.check, check)) return 'wrong_passphrase';
      return decrypt(known.key, nonce, data, authenticated(salt, context)) ?? 'damaged';
    },
  };
}

/** 32 octets for the cipher, 16 to tell a wrong passphrase from damage. */
function deriveKey(passphrase: string, salt: Buffer): Promise<Derived> {
  return new Promise((resolve, reject) => {
    scrypt(passphrase.normalize('NFC'), salt, 48, cost, (error, derived) => {
      if (error === null) resolve({ key: derived.subarray(0, 32), check: derived.subarray(32) });
      else reject(error);
    });
  });
}

function authenticated(salt: Buffer, context: string): Buffer {
  return Buffer.concat([Buffer.from('oauth-cli sealed 1\0'), salt, Buffer.from(context)]);
}

function decrypt(key: Buffer, nonce: Buffer, data: Buffer, aad: Buffer): { text: string } | null {
  const decipher = createDecipheriv('aes-256-gcm', key, nonce);
  decipher.setAAD(aad);
  decipher.setAuthTag(data.subarray(-16));
  const text = decipher.update(data.subarray(0, -16));
  try {
    return { text: Buffer.concat([text, decipher.final()]).toString('utf8') };
  } catch {
    // Node has no other word for a tag that does not match.
    return null;
  }
}
