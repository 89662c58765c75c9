// Replaces a file so that a crash at any point leaves the old content or the new one: a temporary file in the same
// directory, fsync, rename, fsync of the directory.

import { randomBytes } from 'node:crypto';
import {
  closeSync,
  constants,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { StoreError } from '../../errors.ts';
import { openPrivateFile } from './private-file.ts';
import { systemCode } from '../system-error.ts';

/** A writer holds its temporary file for milliseconds. */
const leftoverAge = 60_000;
const temporaryName = /^\.(\d+)\.[0-9a-f]{16}\.tmp$/;

/** Mode 0600 from creation. Throws the system's errors; the old content is then untouched. */
export async function writeDurably(file: string, data: Uint8Array): Promise<void> {
  const directory = path.dirname(file);
  removeLeftovers(directory);
  const temporary = path.join(directory, `.${process.pid}.${randomBytes(8).toString('hex')}.tmp`);
  try {
    writeTemporary(temporary, data);
    await replaceFile(temporary, file);
  } catch (error) {
    rmSync(temporary, { force: true });
    throw error;
  }
  syncDirectory(directory);
}

/** Whether a file name is one of a write in progress. */
export function isTemporary(name: string): boolean {
  return temporaryName.test(name);
}

/** Removes what writers left that were killed: it holds secrets. */
export function removeLeftovers(directory: string): void {
  for (const name of readdirSync(directory)) {
    const writer = temporaryName.exec(name)?.[1];
    if (writer === undefined) continue;
    const file = path.join(directory, name);
    const stats = lstatSync(file, { throwIfNoEntry: false });
    if (stats === undefined || Date.now() - stats.mtimeMs < leftoverAge) continue;
    if (!isRunning(Number(writer))) rmSync(file, { force: true });
  }
}

/** Makes the new name durable; Windows and some network file systems have no such call. */
export function syncDirectory(directory: string): void {
  if (process.platform === 'win32') return;
  const descriptor = openSync(directory, constants.O_RDONLY);
  try {
    fsyncSync(descriptor);
  } catch (error) {
    if (!['EINVAL', 'ENOTSUP'].includes(systemCode(error) ?? '')) throw error;
  } finally {
    closeSync(descriptor);
  }
}

function writeTemporary(file: string, data: Uint8Array): void {
  const { O_WRONLY, O_CREAT, O_EXCL } = constants;
  const descriptor = openPrivateFile(file, O_WRONLY | O_CREAT | O_EXCL);
  if (descriptor === null) throw new StoreError('failed', `${path.dirname(file)} was removed`);
  try {
    writeFileSync(descriptor, data);
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

/** On Windows a rename fails for the moment in which another process has the target open. */
async function replaceFile(temporary: string, file: string): Promise<void> {
  for (let attempts = process.platform === 'win32' ? 20 : 1; ; attempts -= 1) {
    try {
      renameSync(temporary, file);
      return;
    } catch (error) {
      const isHeld = ['EPERM', 'EACCES', 'EBUSY'].includes(systemCode(error) ?? '');
      if (attempts <= 1 || !isHeld) throw error;
      await setTimeout(50);
    }
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) !== 'ESRCH';
  }
}
