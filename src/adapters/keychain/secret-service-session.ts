// How secrets travel on the bus. The Secret Service API's own key agreement keeps them out of what a bus monitor
// records; a service that does not know it gets them as they are.
// https://specifications.freedesktop.org/secret-service/latest/transfer-secrets.html

import type { DBusConnection } from './dbus/dbus-connection.ts';
import type { DBusValue, DBusVariant } from './dbus/dbus-types.ts';
import { createCipheriv, createDecipheriv, hkdfSync, randomBytes } from 'node:crypto';
import { DBusError } from './dbus/dbus-error.ts';
import { serviceCall } from './secret-service-calls.ts';

export interface Session {
  readonly path: string;
  /** To the API's Secret structure, (oayays). */
  seal(secret: Uint8Array): DBusValue;
  /** From its `parameters` and `value`. @throws Error when they do not fit the session */
  open(parameters: Uint8Array, value: Uint8Array): Buffer;
}

const encrypted = 'dh-ietf1024-sha256-aes128-cbc-pkcs7';
const cipher = 'aes-128-cbc';

/** KeePassXC keeps text, and only text, in an entry's password. */
const contentType = 'text/plain; charset=utf8';

/** @throws DBusError */
export async function openSession(bus: DBusConnection): Promise<Session> {
  const exponent = toInteger(randomBytes(32));
  const ours = { signature: 'ay', value: toBytes(power(2n, exponent)) };
  try {
    const [theirs, path] = await bus.call(serviceCall('OpenSession', 'sv', [encrypted, ours]));
    const shared = power(toInteger((theirs as DBusVariant).value as Uint8Array) % prime, exponent);
    const key = hkdfSync('sha256', toBytes(shared), '', '', 16);
    return encryptedSession(path as string, Buffer.from(key));
  } catch (error) {
    if (!(error instanceof DBusError && error.name === notSupported)) throw error;
    const nothing = { signature: 's', value: '' };
    const [, path] = await bus.call(serviceCall('OpenSession', 'sv', ['plain', nothing]));
    return plainSession(path as string);
  }
}

const notSupported = 'org.freedesktop.DBus.Error.NotSupported';

/** The group's prime, RFC 2409 §6.2. Node's own Diffie-Hellman takes 35 ms to check this prime at every start. */
const prime = BigInt(
  [
    '0xffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74',
    '020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437',
    '4fe1356d6d51c245e485b576625e7ec6f44c42e9a637ed6b0bff5cb6f406b7ed',
    'ee386bfb5a899fa5ae9f24117c4b1fe649286651ece65381ffffffffffffffff',
  ].join(''),
);

function power(base: bigint, exponent: bigint): bigint {
  let result = 1n;
  let square = base;
  for (let rest = exponent; rest > 0n; rest >>= 1n) {
    if (rest & 1n) result = (result * square) % prime;
    square = (square * square) % prime;
  }
  return result;
}

function toInteger(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}

/** As long as the prime. */
function toBytes(integer: bigint): Buffer {
  return Buffer.from(integer.toString(16).padStart(256, '0'), 'hex');
}

function encryptedSession(path: string, key: Buffer): Session {
  return {
    path,
    seal(secret) {
      const iv = randomBytes(16);
      const encryption = createCipheriv(cipher, key, iv);
      const value = Buffer.concat([encryption.update(secret), encryption.final()]);
      return [path, iv, value, contentType];
    },
    open(iv, value) {
      const decryption = createDecipheriv(cipher, key, iv);
      return Buffer.concat([decryption.update(value), decryption.final()]);
    },
  };
}

function plainSession(path: string): Session {
  return {
    path,
    seal: (secret) => [path, Buffer.alloc(0), secret, contentType],
    open: (_parameters, value) => Buffer.from(value),
  };
}
