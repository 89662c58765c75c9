// The Keychain on the Secret Service (gnome-keyring, KWallet, KeePassXC) over our own D-Bus connection, one per
// call. Not through @napi-rs/keyring: a service may answer any write with a prompt, the library then waits for the
// person without end, and a process with such a call cannot even exit.
// https://specifications.freedesktop.org/secret-service/latest/

import type { Keychain } from '../../environment.ts';
import type { DBusConnection } from './dbus/dbus-connection.ts';
import type { Collection } from './secret-service-calls.ts';
import type { Session } from './secret-service-session.ts';
import { StoreError } from '../../errors.ts';
import { sessionBusSockets } from './dbus/dbus-address.ts';
import { connectToBus } from './dbus/dbus-connection.ts';
import {
  createItem,
  defaultCollection,
  deleteItem,
  itemAttributes,
  itemSecrets,
  searchItems,
  setItemSecret,
  unlockCollection,
} from './secret-service-calls.ts';
import { keychainError } from './keychain-error.ts';
import { translateError } from './secret-service-errors.ts';
import { openSession } from './secret-service-session.ts';

export type SecretServiceOptions = {
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** For one call, in milliseconds. */
  readonly callTimeout: number;
};

export function createSecretService(options: SecretServiceOptions): Keychain {
  const call = <T>(use: (bus: DBusConnection) => Promise<T>) =>
    withBus(options, { timeout: options.callTimeout }, use);
  return {
    getPassword: (service, account) => call((bus) => getPassword(bus, { service, account })),
    setPassword: (service, account, password) =>
      call((bus) => setPassword(bus, { service, account }, password)),
    deletePassword: (service, account) => call((bus) => deletePassword(bus, { service, account })),
    findCredentials: (service) => call((bus) => findCredentials(bus, service)),
    probe: () => call(async (bus) => void writable(await defaultCollection(bus))),
    async unlock(timeout, signal) {
      // What answers nothing is not worth the long wait for a person.
      const collection = await call(defaultCollection);
      if (collection === null || !collection.locked) return void writable(collection);
      await withBus(options, { timeout, signal }, unlock);
    },
  };
}

async function withBus<T>(
  { variables }: SecretServiceOptions,
  { timeout, signal }: { timeout: number; signal?: AbortSignal },
  use: (bus: DBusConnection) => Promise<T>,
): Promise<T> {
  const sockets = sessionBusSockets(variables);
  if (sockets.length === 0) {
    throw keychainError('missing', 'there is no keychain: no D-Bus session bus on a Unix socket');
  }
  const limit = new AbortController();
  const abort = () => limit.abort(signal?.reason);
  signal?.throwIfAborted();
  signal?.addEventListener('abort', abort, { once: true });
  const seconds = String(timeout / 1000);
  const late = keychainError('timed_out', `the keychain did not answer within ${seconds} s`);
  const timer = setTimeout(() => limit.abort(late), timeout);
  let bus: DBusConnection | undefined;
  try {
    bus = await connectToBus(sockets, limit.signal);
    return await use(bus);
  } catch (error) {
    throw limit.signal.aborted ? limit.signal.reason : translateError(error);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
    bus?.close();
  }
}

type Entry = { readonly service: string; readonly account: string };

async function getPassword(bus: DBusConnection, entry: Entry): Promise<string | null> {
  const [session, items] = await Promise.all([openSession(bus), findItems(bus, entry)]);
  return readFirst(bus, session, items);
}

async function setPassword(bus: DBusConnection, entry: Entry, password: string): Promise<void> {
  const bytes = Buffer.from(password);
  if (bytes.toString() !== password)
    throw new StoreError('failed', 'the value is not Unicode text');
  if (bytes.length > maximumValue) {
    throw keychainError('too_large', 'the value is too large for the keychain');
  }
  const [session, items] = await Promise.all([openSession(bus), findItems(bus, entry)]);
  const secret = session.seal(bytes);
  // An item that is there is changed in place: a service need not ask anybody for that.
  await Promise.all(items.map((item) => setItemSecret(bus, item, secret)));
  if (items.length === 0) {
    const { path } = writable(await defaultCollection(bus));
    const label = `keyring:${entry.account}@${entry.service}`;
    await createItem(bus, path, { label, attributes: attributesOf(entry) }, secret);
  }
  const stored = await readFirst(bus, session, await findItems(bus, entry));
  if (stored !== password) {
    throw keychainError('failed', 'the keychain did not keep the value that was written');
  }
}

/** Bytes; what gnome-keyring was seen to take. */
const maximumValue = 4 * 1024 * 1024;

async function deletePassword(bus: DBusConnection, entry: Entry): Promise<boolean> {
  const items = await findItems(bus, entry);
  for (const item of items) await deleteItem(bus, item);
  return items.length > 0;
}

async function findCredentials(bus: DBusConnection, service: string) {
  const [session, { unlocked, locked }] = await Promise.all([
    openSession(bus),
    searchItems(bus, { service }),
  ]);
  if (locked.length > 0) throw lockedError();
  if (unlocked.length === 0) await refuseLockedCollection(bus);
  const secrets = await itemSecrets(bus, session, unlocked);
  const attributes = await Promise.all(unlocked.map((item) => itemAttributes(bus, item)));
  return unlocked.flatMap((item, index) => {
    const account = attributes[index]?.get('username');
    const secret = secrets.get(item);
    if (attributes[index]?.get('service') !== service) return [];
    return account === undefined || secret === undefined
      ? []
      : [{ account, password: textOf(secret) }];
  });
}

async function unlock(bus: DBusConnection): Promise<void> {
  const before = await defaultCollection(bus);
  if (before?.locked === true) await unlockCollection(bus, before.path);
  writable(await defaultCollection(bus));
}

/** The same names as @napi-rs/keyring and other keychain libraries give them. */
function attributesOf({ service, account }: Entry) {
  return { service, username: account };
}

/** Items of exactly this entry: some services match loosely. */
async function findItems(bus: DBusConnection, entry: Entry): Promise<readonly string[]> {
  const { unlocked, locked } = await searchItems(bus, attributesOf(entry));
  if (unlocked.length === 0 && locked.length > 0) throw lockedError();
  if (unlocked.length === 0) await refuseLockedCollection(bus);
  const attributes = await Promise.all(unlocked.map((item) => itemAttributes(bus, item)));
  return unlocked.filter(
    (_item, index) =>
      attributes[index]?.get('service') === entry.service &&
      attributes[index].get('username') === entry.account,
  );
}

/** A service may be unable to search what is locked, as KeePassXC is: nothing found then means nothing. */
async function refuseLockedCollection(bus: DBusConnection): Promise<void> {
  const collection = await defaultCollection(bus);
  if (collection?.locked === true) throw lockedError();
}

async function readFirst(bus: DBusConnection, session: Session, items: readonly string[]) {
  if (items.length === 0) return null;
  const secrets = await itemSecrets(bus, session, items);
  const secret = items.map((item) => secrets.get(item)).find((found) => found !== undefined);
  if (secret === undefined) throw lockedError();
  return textOf(secret);
}

/** @throws StoreError `missing` without a default collection, `locked` when it is locked */
function writable(collection: Collection | null): Collection {
  if (collection === null) {
    throw new StoreError('missing', 'the keychain has no default keyring', {
      hint: 'log in to the desktop once, or make one with Passwords and Keys (seahorse), or use --store file or --store plaintext',
    });
  }
  if (collection.locked) throw lockedError();
  return collection;
}

function lockedError(): StoreError {
  return keychainError('locked', 'the keychain is locked');
}

function textOf(secret: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(secret);
  } catch (error) {
    throw keychainError('corrupt', 'the keychain holds something else than text', error);
  }
}
