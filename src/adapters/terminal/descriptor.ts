// Writing to an open file descriptor of any kind with backpressure, and without ever blocking on a slow reader:
// a process that is stuck in a write can't be ended by its signal handlers.

import { fstatSync, writeSync } from 'node:fs';
import { setTimeout } from 'node:timers/promises';
import { systemCode } from '../system-error.ts';

/** What every pipe takes at once while it is empty (POSIX: PIPE_BUF is at least 512, macOS begins with 16 KiB). */
const pipeRoom = 8 * 1024;

/** Resolves when the bytes are handed over; rejects with the system's error (`EPIPE`, `ENOSPC`, …). */
export type Write = (data: Uint8Array) => Promise<void>;

/** `openStream` is called once, and only for a pipe or socket that gets more than it takes at once. */
export function createDescriptorWriter(
  descriptor: number,
  openStream: () => NodeJS.WritableStream,
): Write {
  let written = 0;
  let stream: NodeJS.WritableStream | undefined;
  let canBlock: boolean | undefined;
  return async (data) => {
    canBlock ??= isPipe(descriptor);
    written += data.length;
    if (!canBlock || (stream === undefined && written <= pipeRoom)) {
      await writeDirectly(descriptor, data);
      return;
    }
    stream ??= silenced(openStream());
    await writeToStream(stream, data);
  };
}

function isPipe(descriptor: number): boolean {
  const stats = fstatSync(descriptor);
  return stats.isFIFO() || stats.isSocket();
}

/** Errors reach the callback of `write`; without a listener they would end the process too. */
function silenced(stream: NodeJS.WritableStream): NodeJS.WritableStream {
  return stream.on('error', () => undefined);
}

/** For what never blocks for long: regular files, devices, a pipe with room. */
export async function writeDirectly(descriptor: number, data: Uint8Array): Promise<void> {
  let offset = 0;
  while (offset < data.length) {
    try {
      offset += writeSync(descriptor, data, offset);
    } catch (error) {
      // Somebody else made the shared pipe or terminal non-blocking, and it is full.
      if (systemCode(error) !== 'EAGAIN') throw error;
      await setTimeout(5);
    }
  }
}

function writeToStream(stream: NodeJS.WritableStream, data: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    stream.write(data, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(error);
    });
  });
}
