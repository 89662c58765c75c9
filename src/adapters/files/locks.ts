// Locks between processes: the kernel's lock on <home>/locks/<name>.lock, which dies with its holder.
// The file stays for good, since a holder of a deleted file and one of its successor would both be let in.

import { closeSync, constants, ftruncateSync, readSync, writeSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import type { Lock, Locks } from '../../environment.ts';
import { CliError, StoreError } from '../../errors.ts';
import { createClock } from '../clock.ts';
import { makePrivateDirectories, openPrivateFile, storeErrorOf } from './private-file.ts';

/** Windows keeps others from reading what is locked: the lock is on a byte behind the holder's pid. */
const offset = process.platform === 'win32' ? 0x40000000 : 0;
const length = process.platform === 'win32' ? 1 : 0;

/** `locate` gives the state directory's absolute path. */
export function createLocks(locate: () => string): Locks {
  return {
    acquire: async (name, timeout, signal) => {
      if (!/^[\w-]+$/.test(name)) throw new RangeError('not a name for a lock');
      const file = path.join(locate(), 'locks', `${name}.lock`);
      try {
        return await acquire(locate(), file, timeout, signal);
      } catch (error) {
        throw storeErrorOf('lock', file, error);
      }
    },
  };
}

async function acquire(
  root: string,
  file: string,
  timeout: number,
  signal: AbortSignal,
): Promise<Lock> {
  signal.throwIfAborted();
  const { monotonic, sleep } = createClock();
  const native = loadNativeLock();
  makePrivateDirectories(root, ['locks']);
  const descriptor = openPrivateFile(file, constants.O_RDWR | constants.O_CREAT);
  if (descriptor === null) throw new StoreError('failed', `${path.dirname(file)} was removed`);
  try {
    const deadline = monotonic() + timeout;
    while (!isOurs(native, descriptor, file)) {
      if (monotonic() >= deadline) throw heldBy(file, readHolder(descriptor), timeout);
      await sleep(5 + Math.random() * 15, signal);
    }
    writeHolder(descriptor, `${process.pid}\n`);
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
  return { release: async () => release(native, descriptor) };
}

type NativeLock = {
  /** Throws with code EAGAIN (Windows: EBUSY) when another open file holds it. */
  tryLock(descriptor: number, offset: number, length: number, exclusive: boolean): void;
  unlock(descriptor: number, offset: number, length: number): void;
};

/** The binary itself: its package's own loader takes 10 ms, and refuses musl, where the binary works. */
function loadNativeLock(): NativeLock {
  const platform = `${process.platform}-${process.arch}`;
  const binary = `fs-native-extensions/prebuilds/${platform}/fs-native-extensions.node`;
  try {
    return createRequire(import.meta.url)(binary) as NativeLock;
  } catch (error) {
    throw new StoreError('missing', `there are no file locks for ${platform}`, {
      hint: 'install oauth-cli again with npm; if that does not help, this platform is not supported',
      cause: error,
    });
  }
}

function isOurs(native: NativeLock, descriptor: number, file: string): boolean {
  try {
    native.tryLock(descriptor, offset, length, true);
    return true;
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    if (['EAGAIN', 'EACCES', 'EBUSY'].includes(code)) return false;
    throw new StoreError('failed', `cannot lock ${file}: the file system answered ${code}`, {
      hint: 'set OAUTH_CLI_HOME to a directory on a local disk',
      cause: error,
    });
  }
}

/** For people only: the lock itself is the kernel's. */
function writeHolder(descriptor: number, text: string): void {
  ftruncateSync(descriptor, 0);
  writeSync(descriptor, text, 0);
}

function readHolder(descriptor: number): string | undefined {
  const bytes = Buffer.alloc(20);
  const end = readSync(descriptor, bytes, 0, bytes.length, 0);
  return /^(\d+)\n/.exec(bytes.toString('latin1', 0, end))?.[1];
}

function heldBy(file: string, pid: string | undefined, timeout: number): CliError {
  const holder = pid === undefined ? 'another process' : `process ${pid}`;
  return new CliError('timeout', `${holder} held ${file} for more than ${timeout / 1000} s`, {
    hint: 'try again when it is done, or end it if it hangs',
  });
}

function release(native: NativeLock, descriptor: number): void {
  try {
    writeHolder(descriptor, '');
    native.unlock(descriptor, offset, length);
  } finally {
    closeSync(descriptor);
  }
}
