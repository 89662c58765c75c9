// A real program in the browser's place: it reports what it was started with over a socket, and ends.

import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export type Launch = {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** What its standard streams are: all three are the null device when nothing was inherited. */
  readonly streams: readonly string[];
};

export type FakeBrowser = {
  /** Where the program is; nothing else is in there. */
  readonly directory: string;
  readonly program: string;
  /** So far, in order. */
  readonly launches: readonly Launch[];
  /** The next launch that was not given out yet. */
  nextLaunch(): Promise<Launch>;
  close(): Promise<void>;
};

/** Not for Windows, which starts no scripts. */
export async function createFakeBrowser(
  options: { readonly name?: string; readonly exitCode?: number } = {},
): Promise<FakeBrowser> {
  const launches: Launch[] = [];
  let given = 0;
  let wake = (): void => undefined;
  const server = createServer((socket) => {
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
    socket.on('end', () => {
      launches.push(JSON.parse(text) as Launch);
      wake();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  // A space and a % in the path: a BROWSER that is split or expanded would not be found.
  const directory = await mkdtemp(join(tmpdir(), 'fake browser %s '));
  const program = join(directory, options.name ?? 'browser');
  await writeFile(program, script(port, options.exitCode ?? 0));
  await chmod(program, 0o755);
  return {
    directory,
    program,
    launches,
    async nextLaunch() {
      while (launches.length === given) await new Promise<void>((resolve) => (wake = resolve));
      given += 1;
      return launches[given - 1]!;
    },
    async close() {
      await new Promise((resolve) => server.close(resolve));
      await rm(directory, { recursive: true });
    },
  };
}

function script(port: number, exitCode: number): string {
  return `#!${process.execPath}
const { fstatSync, readlinkSync } = require('node:fs');
const stream = (fd) => {
  try {
    return readlinkSync('/dev/fd/' + fd);
  } catch {
    return fstatSync(fd).isCharacterDevice() ? '/dev/null' : 'other';
  }
};
console.log('noise on stdout');
console.error('noise on stderr');
const launch = { args: process.argv.slice(2), env: process.env, streams: [0, 1, 2].map(stream) };
require('node:net').connect(${port}, '127.0.0.1').end(JSON.stringify(launch));
process.exitCode = ${exitCode};
`;
}
