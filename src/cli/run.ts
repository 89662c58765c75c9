// One run: arguments in, exit code out. The only place where errors are caught to be told.

import { CommanderError } from 'commander';
import type { Environment } from '../environment.ts';
import { CliError, OutputClosedError } from '../errors.ts';
import type { Frame } from './command.ts';
import { exitCodeOf } from './exit-code.ts';
import { reportError } from './output.ts';
import { buildProgram } from './program.ts';
import { usageError } from './usage-error.ts';

/** Node itself would print the headers of our requests; SEC-05. */
const leakingDebugSections = /(^|,)\s*(http|https|http2|net|tls|\*|[^,]*\*[^,]*)\s*(,|$)/i;

/** `argv` without the program's name. */
export async function run(argv: readonly string[], environment: Environment): Promise<number> {
  const [command, ...rest] = argv;
  const isRequest = command === 'request' || command === 'curl';
  try {
    refuseNodeDebug(environment);
    if (isRequest && !rest.includes('--help') && rest[0] !== '-h') {
      const { runRequest } = await import('./commands/request.ts');
      return await runRequest(environment, rest);
    }
    return await runProgram(argv, environment);
  } catch (error) {
    if (error instanceof OutputClosedError) return 0;
    const told = error instanceof CommanderError ? usageError(error) : error;
    const json = argv.includes(isRequest ? '--json-errors' : '--json');
    // Where not even the error can be written, the exit code still tells.
    await reportError(environment, told, { json }).catch(() => undefined);
    return exitCodeOf(told);
  }
}

async function runProgram(argv: readonly string[], environment: Environment): Promise<number> {
  const frame: Frame = { environment, exitCode: 0, help: [] };
  try {
    // Who types the bare name wants to know what there is.
    const words = argv.length === 0 ? ['--help'] : [...argv];
    await buildProgram(frame).parseAsync(words, { from: 'user' });
  } catch (error) {
    if (!(error instanceof CommanderError) || error.exitCode !== 0) throw error;
    await environment.stdout.write(frame.help.join(''));
  }
  return frame.exitCode;
}

function refuseNodeDebug(environment: Environment): void {
  if (!leakingDebugSections.test(environment.variables['NODE_DEBUG'] ?? '')) return;
  throw new CliError('usage', 'NODE_DEBUG would make Node print tokens and secrets', {
    hint: 'unset NODE_DEBUG; oauth-cli -v traces requests without secrets',
  });
}
