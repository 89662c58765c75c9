// Standard input, output and error. Small output goes straight to the descriptor: merely touching process.stdout
// costs a fifth of Node's start-up.

import { fstatSync, readSync } from 'node:fs';
import tty from 'node:tty';
import type { InputStream, OutputStream } from '../../environment.ts';
import { CliError, OutputClosedError } from '../../errors.ts';
import { createDescriptorWriter } from './descriptor.ts';
import { systemCode, systemReason } from '../system-error.ts';

export type Streams = {
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
};

export function createStreams(): Streams {
  return {
    stdin: createInput(),
    stdout: createOutput(1, () => process.stdout),
    // Without a reader there is nobody to tell, and the work goes on.
    stderr: createOutput(2, () => process.stderr),
  };
}

function createInput(): InputStream {
  return {
    get isTTY() {
      return tty.isatty(0);
    },
    get isFed() {
      const stats = fstatSync(0);
      return stats.isFIFO() || stats.isSocket() || stats.isFile();
    },
    readAll: async (limit) => {
      try {
        const stats = fstatSync(0);
        // process.stdin is silent about a directory.
        if (stats.isFile() || stats.isDirectory()) return readFile(limit);
        return await readStream(limit);
      } catch (error) {
        if (systemCode(error) === undefined) throw error;
        throw new CliError('usage', `cannot read standard input: ${systemReason(error)}`, {
          cause: error,
        });
      }
    },
  };
}

function readFile(limit: number): Uint8Array {
  const parts: Buffer[] = [];
  for (let length = 0; ;) {
    const part = Buffer.allocUnsafe(65_536);
    const count = readSync(0, part);
    if (count === 0) return Buffer.concat(parts, length);
    length += count;
    if (length > limit) throw tooLong(limit);
    parts.push(part.subarray(0, count));
  }
}

/** Not readSync: a process that waits for a silent pipe could not be cancelled. */
async function readStream(limit: number): Promise<Uint8Array> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of process.stdin as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > limit) throw tooLong(limit);
    parts.push(part);
  }
  return Buffer.concat(parts, length);
}

function tooLong(limit: number): CliError {
  return new CliError('usage', `standard input is longer than ${limit} bytes`);
}

function createOutput(descriptor: 1 | 2, stream: () => NodeJS.WriteStream): OutputStream {
  const write = createDescriptorWriter(descriptor, stream);
  return {
    get isTTY() {
      return tty.isatty(descriptor);
    },
    get columns() {
      return tty.isatty(descriptor) ? stream().columns : undefined;
    },
    write: async (data) => {
      try {
        await write(typeof data === 'string' ? Buffer.from(data) : data);
      } catch (error) {
        if (systemCode(error) !== 'EPIPE') throw outputError(descriptor, error);
        if (descriptor === 1) throw new OutputClosedError();
      }
    },
  };
}

function outputError(descriptor: 1 | 2, error: unknown): unknown {
  if (systemCode(error) === undefined) return error;
  const name = descriptor === 1 ? 'output' : 'error';
  return new CliError('usage', `cannot write to standard ${name}: ${systemReason(error)}`, {
    hint: 'look at where it is redirected to',
    cause: error,
  });
}
