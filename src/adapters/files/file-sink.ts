// Where a download goes: a regular file that is replaced when it is complete, or a device, FIFO or descriptor that is
// written in place. All of them throw the system's errors.

import { randomBytes } from 'node:crypto';
import type { Stats } from 'node:fs';
import {
  accessSync,
  closeSync,
  constants,
  fchmodSync,
  fchownSync,
  fstatSync,
  openSync,
  renameSync,
  rmSync,
} from 'node:fs';
import type { Socket } from 'node:net';
import path from 'node:path';
import { setTimeout } from 'node:timers/promises';
import type { FileSink } from '../../environment.ts';
import { createDescriptorWriter, writeDirectly } from '../terminal/descriptor.ts';
import { systemCode } from '../system-error.ts';

const { O_WRONLY } = constants;
/** 0 where the system does not know them: Windows. */
const { O_NOFOLLOW = 0, O_NONBLOCK = 0, O_NOCTTY = 0 } = constants as Partial<typeof constants>;

/** A descriptor of this process; it stays open. */
export async function descriptorSink(descriptor: number): Promise<FileSink> {
  fstatSync(descriptor);
  const { Socket } = await import('node:net');
  const openStream = () => {
    if (descriptor === 1) return process.stdout;
    if (descriptor === 2) return process.stderr;
    return new Socket({ fd: descriptor, readable: false, writable: true });
  };
  return {
    write: createDescriptorWriter(descriptor, openStream),
    close: async () => undefined,
    discard: async () => undefined,
  };
}

/** A device, FIFO or socket: renaming a file over it would replace it. */
export async function specialSink(file: string, isFifo: boolean): Promise<FileSink> {
  const descriptor = isFifo ? await openFifo(file) : openInPlace(file);
  const { Socket } = await import('node:net');
  let socket: Socket | undefined;
  const openStream = () =>
    (socket = new Socket({ fd: descriptor, readable: false, writable: true }));
  const close = async () => {
    if (socket === undefined) closeSync(descriptor);
    else socket.destroy();
  };
  return { write: createDescriptorWriter(descriptor, openStream), close, discard: close };
}

/** Waits for the reader without blocking in the system call, so that a signal still ends the wait. */
async function openFifo(file: string): Promise<number> {
  for (;;) {
    try {
      return openInPlace(file);
    } catch (error) {
      if (systemCode(error) !== 'ENXIO') throw error;
      await setTimeout(20);
    }
  }
}

function openInPlace(file: string): number {
  return openSync(file, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY);
}

/** A new file gets 0666 less the umask, as curl's do; an existing one keeps its mode, and with root its owner. */
export function replacingSink(file: string, existing: Stats | undefined): FileSink {
  if (existing !== undefined) accessSync(file, constants.W_OK);
  const { O_CREAT, O_EXCL } = constants;
  const name = `.oauth-cli-${randomBytes(8).toString('hex')}.tmp`;
  const temporary = path.join(path.dirname(file), name);
  const flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW;
  const descriptor = openSync(temporary, flags, existing === undefined ? 0o666 : 0o600);
  let isOpen = true;
  const closeOnce = () => {
    if (isOpen) closeSync(descriptor);
    isOpen = false;
  };
  const discard = async () => {
    closeOnce();
    rmSync(temporary, { force: true });
  };
  return {
    write: (data) => writeDirectly(descriptor, data),
    close: async () => {
      try {
        if (existing !== undefined) keepOwnerAndMode(descriptor, existing);
        closeOnce();
        renameSync(temporary, file);
      } catch (error) {
        await discard();
        throw error;
      }
    },
    discard,
  };
}

function keepOwnerAndMode(descriptor: number, existing: Stats): void {
  if (process.geteuid?.() === 0) fchownSync(descriptor, existing.uid, existing.gid);
  fchmodSync(descriptor, existing.mode & 0o777);
}
