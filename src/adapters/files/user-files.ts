// Files that the user names: read with a limit; written whole or not at all where they are regular files, and in
// place where they are devices, pipes or descriptors of this process.

import type { Stats } from 'node:fs';
import { lstatSync, readlinkSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import type { FileSink, UserFiles } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import { descriptorSink, replacingSink, specialSink } from './file-sink.ts';
import { systemCode, systemReason } from '../system-error.ts';

export function createUserFiles(): UserFiles {
  return {
    read: (file, limit) => named('read', file, () => readFile(file, limit)),
    readPrivate: (file, limit) =>
      named('read', file, () => readFile(file, limit, refuseReadableByOthers)),
    create: (file) => named('write', file, async () => namedSink(file, await openSink(file))),
  };
}

async function named<Result>(
  action: string,
  file: string,
  work: () => Promise<Result>,
): Promise<Result> {
  try {
    return await work();
  } catch (error) {
    if (systemCode(error) === undefined) throw error;
    throw new CliError('usage', `cannot ${action} ${file}: ${systemReason(error)}`, {
      cause: error,
    });
  }
}

function namedSink(file: string, sink: FileSink): FileSink {
  return {
    write: (data) => named('write', file, () => sink.write(data)),
    close: () => named('write', file, () => sink.close()),
    discard: () => named('remove', file, () => sink.discard()),
  };
}

async function readFile(
  file: string,
  limit: number,
  check?: (file: string, stats: Stats) => void,
): Promise<Uint8Array> {
  const handle = await open(file, 'r');
  try {
    check?.(file, await handle.stat());
    const parts: Buffer[] = [];
    let length = 0;
    for await (const part of handle.createReadStream({ autoClose: false })) {
      length += (part as Buffer).length;
      if (length > limit) throw new CliError('usage', `${file} is longer than ${limit} bytes`);
      parts.push(part as Buffer);
    }
    return Buffer.concat(parts, length);
  } finally {
    await handle.close();
  }
}

/** As ssh does with its keys. A pipe has no other readers, and Windows no modes. */
function refuseReadableByOthers(file: string, stats: Stats): void {
  if (!stats.isFile() || process.geteuid === undefined || (stats.mode & 0o077) === 0) return;
  throw new CliError('usage', `${file} holds a secret and can be read by others`, {
    hint: `chmod 600 ${file}`,
  });
}

async function openSink(file: string): Promise<FileSink> {
  if (file === '' || file.endsWith('/')) throw new CliError('usage', `${file} is no file name`);
  const target = resolveTarget(file);
  if (typeof target === 'number') return descriptorSink(target);
  if (target.stats?.isDirectory() === true) throw new CliError('usage', `${file} is a directory`);
  if (target.stats?.isFile() === false) return specialSink(target.file, target.stats.isFIFO());
  return replacingSink(target.file, target.stats);
}

type Target = number | { readonly file: string; readonly stats: Stats | undefined };

/** Follows symlinks of ours, as curl does; a number is a descriptor of this process. */
function resolveTarget(file: string, hops = 40): Target {
  const descriptor = ownDescriptor(path.resolve(file));
  if (descriptor !== undefined) return descriptor;
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats?.isSymbolicLink() !== true) return { file, stats };
  if (process.geteuid !== undefined && stats.uid !== process.geteuid()) {
    throw new CliError('usage', `${file} is a symbolic link of another user`, {
      hint: 'name the file that it leads to',
    });
  }
  if (hops === 0) throw new CliError('usage', `${file} is a loop of symbolic links`);
  return resolveTarget(path.resolve(path.dirname(file), readlinkSync(file)), hops - 1);
}

/** /dev/stdout is opened as what it stands for: opening its path again would truncate a redirected file. */
function ownDescriptor(file: string): number | undefined {
  if (process.platform === 'win32') return undefined;
  const standard = ['/dev/stdin', '/dev/stdout', '/dev/stderr'].indexOf(file);
  if (standard >= 0) return standard;
  const number = /^\/(?:dev|proc\/self|proc\/(\d+))\/fd\/(\d+)$/.exec(file);
  if (number === null || (number[1] !== undefined && Number(number[1]) !== process.pid))
    return undefined;
  return Number(number[2]);
}
