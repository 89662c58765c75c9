// The people who can log in: in memory, passwords kept as salted scrypt hashes.

import { randomBytes, randomInt, scrypt, timingSafeEqual } from 'node:crypto';
import { promisify } from 'node:util';

export type Account = {
  /** The `sub` claim unless the claims have another, and the user name. */
  readonly username: string;
  /** Claims by their OpenID Connect names. */
  readonly claims: Readonly<Record<string, unknown>>;
};

export interface Accounts {
  /** The account, or its replacement; a password that is not given is random. Returns the password, which is not kept. */
  create(
    username: string,
    password?: string,
    claims?: Readonly<Record<string, unknown>>,
  ): Promise<string>;
  find(username: string): Account | null;
  /** Null when the user name or the password is wrong; takes the same time for either. */
  authenticate(username: string, password: string): Promise<Account | null>;
  usernames(): readonly string[];
  clear(): void;
}

type StoredAccount = Account & { readonly salt: Buffer; readonly hash: Buffer };

const deriveKey = promisify<string, Buffer, number, Buffer>(scrypt);
const hashLength = 32;
const passwordAlphabet = 'abcdefghjkmnpqrstuvwxyz23456789';

export function createAccounts(): Accounts {
  const accounts = new Map<string, StoredAccount>();
  const decoy = { salt: randomBytes(16), hash: randomBytes(hashLength) };

  return {
    async create(username, password = randomPassword(), claims = {}) {
      const salt = randomBytes(16);
      const hash = await deriveKey(password, salt, hashLength);
      accounts.set(username, {
        username,
        claims: { ...claimsOf(username), ...claims },
        salt,
        hash,
      });
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
    clear: () => accounts.clear(),
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
