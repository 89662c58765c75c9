// Files and directories that nobody but their owner may touch: how they are made, opened and checked.
// Windows has no modes and no owners in `stat`; there the profile directory's access list protects them.

import type { Stats } from 'node:fs';
import {
  chmodSync,
  closeSync,
  constants,
  fchmodSync,
  fstatSync,
  lstatSync,
  mkdirSync,
  openSync,
  statSync,
} from 'node:fs';
import path from 'node:path';
import { CliError, StoreError } from '../../errors.ts';
import { systemCode, systemReason } from '../system-error.ts';

/** Flags that Windows does not know are 0 there. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0 } = constants as Partial<typeof constants>;

/**
 * Opens without following a symlink or waiting for a FIFO, then checks what was opened; null when there is none.
 * With O_CREAT in `flags` a new file has mode 0600, whatever the umask.
 * @throws StoreError
 */
export function openPrivateFile(file: string, flags: number): number | null {
  const descriptor = openOrNull(file, flags | O_NOFOLLOW | O_NONBLOCK);
  if (descriptor === null) return null;
  try {
    const stats = fstatSync(descriptor);
    const isNew = (flags & constants.O_CREAT) !== 0 && stats.size === 0;
    checkPrivateFile(file, stats, isNew);
    // A umask can take the owner's bits too; an old file that others could only read did no harm yet.
    const isWrong = isNew ? (stats.mode & 0o777) !== 0o600 : (stats.mode & 0o077) !== 0;
    if (hasOwners() && isWrong) fchmodSync(descriptor, 0o600);
    return descriptor;
  } catch (error) {
    closeSync(descriptor);
    throw error;
  }
}

/** @throws StoreError unless it is a plain file of ours that others can't write */
export function checkPrivateFile(file: string, stats: Stats, isEmpty = false): void {
  if (stats.isSymbolicLink()) throw refusal(file, 'is a symbolic link', 'remove it');
  if (!stats.isFile()) throw refusal(file, 'is not a regular file', 'remove it');
  checkOwner(file, stats);
  if (!hasOwners()) return;
  // Zero while another process replaces it.
  if (stats.nlink > 1) throw refusal(file, 'has a second name (hard link)', 'remove it');
  if (!isEmpty && (stats.mode & 0o022) !== 0) {
    throw refusal(
      file,
      'can be written by others',
      `look whether it was changed, then: chmod 600 ${file}`,
    );
  }
}

/**
 * Checks `root` and the directories below it; false when one is missing. `root` itself may be our symlink.
 * @throws StoreError
 */
export function checkPrivateDirectories(root: string, below: readonly string[]): boolean {
  let directory = root;
  for (const segment of ['', ...below]) {
    directory = path.join(directory, segment);
    let stats = lstatSync(directory, { throwIfNoEntry: false });
    if (stats?.isSymbolicLink() === true && segment === '') {
      checkOwner(directory, stats);
      stats = statSync(directory, { throwIfNoEntry: false });
    }
    if (stats === undefined) return false;
    if (!stats.isDirectory()) throw refusal(directory, 'is not a directory', 'move it away');
    checkOwner(directory, stats);
    if (hasOwners() && (stats.mode & 0o022) !== 0) {
      throw refusal(directory, 'can be written by others', `chmod 700 ${directory}`);
    }
  }
  return true;
}

/** Makes what is missing, each with mode 0700 whatever the umask, and checks it. @throws StoreError */
export function makePrivateDirectories(root: string, below: readonly string[]): void {
  makeDirectory(path.join(root, ...below));
  if (!checkPrivateDirectories(root, below)) {
    throw refusal(root, 'leads nowhere', 'remove the dangling symbolic link');
  }
}

/** The error for a file of the state directory that a system call failed on; anything else as it is. */
export function storeErrorOf(action: string, file: string, error: unknown): unknown {
  if (error instanceof CliError || systemCode(error) === undefined) return error;
  const denied = ['EACCES', 'EPERM', 'EROFS'].includes(systemCode(error) ?? '');
  return new StoreError(
    denied ? 'denied' : 'failed',
    `cannot ${action} ${file}: ${systemReason(error)}`,
    {
      hint: 'set OAUTH_CLI_HOME to a directory that can be written',
      cause: error,
    },
  );
}

function openOrNull(file: string, flags: number): number | null {
  try {
    return openSync(file, flags, 0o600);
  } catch (error) {
    const code = systemCode(error);
    if (code === 'ENOENT') return null;
    // FreeBSD says EMLINK.
    if (code === 'ELOOP' || code === 'EMLINK')
      throw refusal(file, 'is a symbolic link', 'remove it');
    // A socket (ENXIO, macOS: EOPNOTSUPP) and, opened for writing, a directory.
    if (code === 'ENXIO' || code === 'EOPNOTSUPP' || code === 'EISDIR') {
      throw refusal(file, 'is not a regular file', 'remove it');
    }
    throw error;
  }
}

function makeDirectory(directory: string): void {
  if (statSync(directory, { throwIfNoEntry: false }) !== undefined) return;
  const parent = path.dirname(directory);
  if (parent !== directory) makeDirectory(parent);
  try {
    mkdirSync(directory, 0o700);
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return;
    throw error;
  }
  chmodSync(directory, 0o700);
}

function checkOwner(file: string, stats: Stats): void {
  if (!hasOwners() || stats.uid === process.geteuid?.()) return;
  throw refusal(
    file,
    'belongs to another user',
    'run oauth-cli as its owner, or set OAUTH_CLI_HOME',
  );
}

function hasOwners(): boolean {
  return process.geteuid !== undefined;
}

function refusal(file: string, what: string, hint: string): StoreError {
  return new StoreError('denied', `${file} ${what}`, { hint });
}
