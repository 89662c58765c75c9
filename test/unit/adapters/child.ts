// Runs code against the built adapters in processes of their own: another umask, another user, a signal.

import type { ChildProcessWithoutNullStreams } from 'node:child_process';
import { spawn } from 'node:child_process';
import { chmod, cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '../../..');

export const isRoot = process.geteuid?.() === 0;
export const needsRoot = isRoot
  ? ''
  : ' (skipped: only root can make files of other users and devices)';
export const isEverythingRequired = process.env['OAUTH_CLI_TEST_REQUIRE_ALL'] === '1';

/** Skips the test where the machine lacks something, or fails where everything is required. */
export function missing(skip: (note: string) => never, what: string, isThere: boolean): void {
  if (isThere) return;
  if (isEverythingRequired) throw new Error(`${what} is missing`);
  skip(`${what} is missing`);
}

export type Workplace = {
  /** Empty, mode 0755. */
  readonly directory: string;
  /** Where the compiled modules are. */
  readonly source: string;
  /** Writes `code`, an ES module that imports from './src/…', and gives its path. */
  program(code: string): Promise<string>;
  remove(): Promise<void>;
};

export async function makeWorkplace(): Promise<Workplace> {
  const base = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-test-'));
  const directory = path.join(base, 'work');
  await chmod(base, 0o755);
  await mkdir(directory, { mode: 0o755 });
  await writeFile(path.join(base, 'package.json'), '{"type":"module"}');
  await symlink(path.join(root, 'node_modules'), path.join(base, 'node_modules'));
  // A copy, since another user may not be able to read the checkout.
  await cp(path.join(root, 'dist'), path.join(base, 'src'), { recursive: true });
  let programs = 0;
  return {
    directory,
    source: path.join(base, 'src'),
    program: async (code) => {
      const file = path.join(base, `program-${programs++}.js`);
      await writeFile(file, code);
      return file;
    },
    remove: () => rm(base, { recursive: true, force: true }),
  };
}

export type Ended = {
  readonly status: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
};

export function ended(child: ChildProcessWithoutNullStreams): Promise<Ended> {
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  child.stdout.on('data', (part: Buffer) => stdout.push(part));
  child.stderr.on('data', (part: Buffer) => stderr.push(part));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (status, signal) => {
      resolve({
        status,
        signal,
        stdout: Buffer.concat(stdout).toString(),
        stderr: Buffer.concat(stderr).toString(),
      });
    });
  });
}

export type ChildOptions = {
  readonly uid?: number;
  readonly env?: Record<string, string>;
  /** Shell commands before the program starts, such as `umask 077`. */
  readonly before?: string;
  /** Shell redirections. */
  readonly redirect?: string;
};

export function startChild(
  program: string,
  options: ChildOptions = {},
): ChildProcessWithoutNullStreams {
  const { uid, env = {}, before = ':', redirect = '' } = options;
  const command = `${before}; exec "$0" "$1" ${redirect}`;
  return spawn('/bin/sh', ['-c', command, process.execPath, program], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
}

/** The text of a stream up to and with `mark`. */
export function untilText(stream: NodeJS.ReadableStream, mark: string): Promise<string> {
  let text = '';
  return new Promise((resolve, reject) => {
    stream.on('data', (part: Buffer) => {
      text += part.toString();
      if (text.includes(mark)) resolve(text);
    });
    stream.once('end', () => reject(new Error(`ended without ${mark}: ${text}`)));
  });
}
