// The built program as a child process, with what it printed.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

export const bin = fileURLToPath(new URL('../../bin/oauth-cli.js', import.meta.url));

export type CliProcess = {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** The first match in stdout or stderr, once it is there; rejects when the process ends without one. */
  waitFor(pattern: RegExp): Promise<RegExpExecArray>;
  /** The exit code, or the signal's name. */
  readonly exit: Promise<number | string>;
};

export function startCli(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  input?: string,
): CliProcess {
  const child = spawn(process.execPath, [bin, ...argv], {
    env: { PATH: process.env['PATH'] ?? '', ...env },
    stdio: [input === undefined ? 'ignore' : 'pipe', 'pipe', 'pipe'],
  });
  const printed = { stdout: '', stderr: '' };
  const watchers = new Set<() => void>();
  for (const name of ['stdout', 'stderr'] as const) {
    child[name]?.setEncoding('utf8').on('data', (text: string) => {
      printed[name] += text;
      for (const watch of watchers) watch();
    });
  }
  child.stdin?.end(input);
  const exit = new Promise<number | string>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => resolve(code ?? signal ?? 'unknown'));
  });
  return {
    child,
    stdout: () => printed.stdout,
    stderr: () => printed.stderr,
    exit,
    waitFor: (pattern) =>
      new Promise((resolve, reject) => {
        const look = () => {
          const match = pattern.exec(printed.stderr) ?? pattern.exec(printed.stdout);
          if (match !== null) resolve(match);
        };
        watchers.add(look);
        look();
        void exit.then((code) =>
          reject(new Error(`ended with ${code} before ${String(pattern)}: ${printed.stderr}`)),
        );
      }),
  };
}

export type Finished = {
  readonly exit: number | string;
  readonly stdout: string;
  readonly stderr: string;
};

export async function runCliProcess(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  input?: string,
): Promise<Finished> {
  const cli = startCli(argv, env, input);
  return { exit: await cli.exit, stdout: cli.stdout(), stderr: cli.stderr() };
}
