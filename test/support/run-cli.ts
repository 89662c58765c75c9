// A run of the command line in this process: exit code, stdout and stderr.

import { run } from '../../src/cli/run.ts';
import type { TestEnvironment, TestOptions } from './environment.ts';
import { testEnvironment } from './environment.ts';

export type CliResult = {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly environment: TestEnvironment;
};

export async function runCli(
  argv: readonly string[],
  options: TestOptions = {},
): Promise<CliResult> {
  return runCliIn(testEnvironment(options), argv);
}

/** In an environment that has been used already, with what it stored; the output is that of this run alone. */
export async function runCliIn(
  environment: TestEnvironment,
  argv: readonly string[],
): Promise<CliResult> {
  const before = { out: environment.out().length, err: environment.err().length };
  const exitCode = await run(argv, environment);
  return {
    exitCode,
    stdout: environment.out().slice(before.out),
    stderr: environment.err().slice(before.err),
    environment,
  };
}
