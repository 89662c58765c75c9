// The people who can log in: in memory, passwords random per start and kept as salted scrypt hashes.

import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type Account = {
  /** The `sub` claim, and the user name. */
  readonly username: string;
  /** Claims by their OpenID Connect names. */
  readonly claims: Readonly<Record<string, unknown>>;
};

export interface Accounts {
  /** The account with a fresh random password, which is returned and not kept. */
  create(username: string): Promise<string>;
  find(username: string): Account | null;
  /** Null when the user name or the password is wrong; takes the same time for either. */
  authenticate(username: string, password: string): Promise<Account | null>;
  usernames(): readonly string[];
}

type StoredAccount = Account & { readonly salt: Buffer; readonly hash: Buffer };

const deriveKey = promisify<string, Buffer, number, Buffer>(scrypt);
const hashLength = 32;
const passwordAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

export function createAccounts(): Accounts {
  const accounts = new Map<string, StoredAccount>();
  const decoy = { salt: randomBytes(16), hash: randomBytes(hashLength) };

  return {
    async create(username) {
      const password = randomPassword();
      const salt = randomBytes(16);
      const hash = await deriveKey(password, salt, hashLength);
      accounts.set(username, { username, claims: claimsOf(username), salt, hash });
      return password;
    },
    find: (username) => accounts.get(username) ?? null,
    async authenticate(username, password) {
      const account = accounts.get(username);
      const { salt, hash } = account ?? decoy;
      const matches = timingSafeEqual(await deriveKey(password, salt, hashLength), hash);
      return account !== undefined && matches ? account : null;
    },
    usernames: () => [...accounts.keys()],
  };
}

/** 59 bits, easy to read from a terminal and to type. */
function randomPassword(): string {
  const group = () =>
    Array.from({ length: 4 }, () => passwordAlphabet[randomInt(passwordAlphabet.length)]).join('');
  return [group(), group(), group()].join('-');
}

function claimsOf(username: string): Record<string, unknown> {
  return {
    sub: username,
    name: username.charAt(0).toUpperCase() + username.slice(1),
    preferred_username: username,
    email: `${username}@example.com`,
    email_verified: false,
  };
}
