// The Keychain on macOS and Windows, through @napi-rs/keyring: the only place that knows that library.

import type * as Keyring from '@napi-rs/keyring';
import type { Keychain } from '../../environment.ts';
import type { StoreFailure } from '../../errors.ts';
import { randomUUID } from 'node:crypto';
import { StoreError } from '../../errors.ts';
import { keychainError } from './keychain-error.ts';

/** `callTimeout`: for one call, in milliseconds. */
export function createNativeKeychain({ callTimeout }: { readonly callTimeout: number }): Keychain {
  const call = <T>(use: (library: Library) => Promise<T>) => bounded(callTimeout, use);
  return {
    getPassword: (service, account) =>
      call(async (library) => entry(library, service, account).getPassword()),
    setPassword: (service, account, password) =>
      call((library) => writeAndReadBack(entry(library, service, account), password)),
    deletePassword: (service, account) =>
      call(async (library) => entry(library, service, account).deletePassword()),
    findCredentials: (service) => call((library) => library.findCredentialsAsync(service)),
    probe: () => call(probe),
    unlock: (timeout, signal) => bounded(timeout, probe, signal),
  };
}

type Library = typeof Keyring;

function entry(library: Library, service: string, account: string): Keyring.AsyncEntry {
  // Without the pin the library would use the kernel's keyring where there is no Secret Service.
  return new library.AsyncEntry(service, account, { linux: { store: 'secret-service' } });
}

async function writeAndReadBack(target: Keyring.AsyncEntry, password: string): Promise<void> {
  await target.setPassword(password);
  if ((await target.getPassword()) !== password) {
    throw keychainError('failed', 'the keychain did not keep the value that was written');
  }
}

async function probe(library: Library): Promise<void> {
  const target = entry(library, 'oauth-cli probe', randomUUID());
  await writeAndReadBack(target, 'probe');
  await target.deletePassword();
}

/** The library cannot be interrupted: after a time-out its call goes on, and no more is promised than an answer. */
async function bounded<T>(
  timeout: number,
  use: (library: Library) => Promise<T>,
  signal?: AbortSignal,
): Promise<T> {
  signal?.throwIfAborted();
  let timer: NodeJS.Timeout | undefined;
  let abort: (() => void) | undefined;
  const limit = new Promise<never>((_resolve, reject) => {
    const late = `the keychain did not answer within ${String(timeout / 1000)} s`;
    timer = setTimeout(() => reject(keychainError('timed_out', late)), timeout);
    abort = () => reject(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
  });
  try {
    return await Promise.race([import('@napi-rs/keyring').then(use), limit]);
  } catch (error) {
    throw error === signal?.reason ? error : translate(error);
  } finally {
    clearTimeout(timer);
    if (abort !== undefined) signal?.removeEventListener('abort', abort);
  }
}

/** The library's errors all have the code GenericFailure: only their text, and the system's in it, tells them apart. */
const failures: readonly (readonly [text: RegExp, reason: StoreFailure, message: string])[] = [
  [/longer than the platform limit/, 'too_large', 'the value is too large for the keychain'],
  [/interaction is not allowed/, 'locked', 'the keychain is locked'],
  [/user cancell?ed|passphrase you entered/i, 'denied', 'access to the keychain was denied'],
  [/Cannot find native binding/, 'missing', '@napi-rs/keyring has no binary for this system'],
  [/^Couldn't access platform storage/, 'missing', 'there is no keychain in this session'],
];

function translate(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const failure = failures.find(([text]) => text.test(error.message));
  const [, reason, message] = failure ?? [/./, 'failed' as const, 'the keychain failed'];
  return keychainError(reason, message, error);
}
