// The composition root: builds the real Environment, runs, and returns the exit code.

import { createHash } from 'node:crypto';
import { writeSync } from 'node:fs';
import os from 'node:os';
import { createBrowser } from './adapters/browser.ts';
import { createClock } from './adapters/clock.ts';
import { createHome, homeDirectory } from './adapters/files/home.ts';
import { createHttpTransport } from './adapters/http/http-transport.ts';
import { createLocks } from './adapters/files/locks.ts';
import { createLoopback } from './adapters/loopback/loopback.ts';
import { createOsKeychain } from './adapters/keychain/os-keychain.ts';
import { createPrompt } from './adapters/terminal/prompt.ts';
import { createRandom } from './adapters/random.ts';
import { createCancellation } from './adapters/signals.ts';
import { createStreams } from './adapters/terminal/streams.ts';
import { createSealing } from './adapters/files/sealing.ts';
import { createUserFiles } from './adapters/files/user-files.ts';
import { passphraseFrom } from './cli/passphrase.ts';
import { run } from './cli/run.ts';
import type { Environment } from './environment.ts';

/** `argv` without node and the script. Resolves with the exit code; nothing is left open. */
export async function main(argv: readonly string[]): Promise<number> {
  process.on('uncaughtException', endWithBug).on('unhandledRejection', endWithBug);
  const cancellation = createCancellation();
  try {
    return await run(argv, createEnvironment(cancellation.signal));
  } finally {
    cancellation.dispose();
  }
}

/** Whatever slipped past the one catch: its message may hold anything, so Node must not print it. */
function endWithBug(error: unknown): never {
  const kind = error instanceof Error ? error.name : typeof error;
  try {
    writeSync(2, `oauth-cli: error: this is a bug in oauth-cli (${kind})\n`);
  } catch {
    // Nobody reads it.
  }
  process.exit(1);
}

function createEnvironment(cancelled: AbortSignal): Environment {
  const variables = { ...process.env };
  hideSecretsFromChildren();
  const { platform } = process;
  const streams = createStreams();
  const locateHome = () => homeDirectory({ platform, variables, homedir: os.homedir });
  return {
    ...streams,
    variables,
    platform,
    processId: process.pid,
    prompt: createPrompt(cancelled),
    clock: createClock(),
    random: createRandom(),
    sha256: (text) => createHash('sha256').update(text).digest(),
    http: createHttpTransport(),
    browser: createBrowser({
      platform,
      variables,
      isTTY: streams.stdin.isTTY && streams.stderr.isTTY,
    }),
    loopback: createLoopback(),
    keychain: createOsKeychain({ platform, variables }),
    home: createHome(locateHome),
    userFiles: createUserFiles(),
    locks: createLocks(locateHome),
    sealing: createSealing(),
    passphrase: passphraseFrom(variables),
    memory: new Map(),
    cancelled,
  };
}

/** Our variables may hold secrets, and the `open` package hands the whole of process.env to the browser. */
function hideSecretsFromChildren(): void {
  for (const name of Object.keys(process.env)) {
    if (name.toUpperCase().startsWith('OAUTH_CLI_')) Reflect.deleteProperty(process.env, name);
  }
}
