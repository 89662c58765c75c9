// One run: arguments in, exit code out. The only place where errors are caught to be told.

import { CommanderError } from 'commander';
import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
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
    if (isRequest && rest[0] !== '--help' && rest[0] !== '-h') {
      const { runRequest } = await import('./commands/request.ts');
      return await runRequest(environment, rest);
    }
    const frame: Frame = { environment, exitCode: 0 };
    // Who types the bare name wants to know what there is.
    await buildProgram(frame).parseAsync(argv.length === 0 ? ['--help'] : [...argv], {
      from: 'user',
    });
    return frame.exitCode;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return 0;
    const told = error instanceof CommanderError ? usageError(error) : error;
    await reportError(environment, told, {
      json: argv.includes(isRequest ? '--json-errors' : '--json'),
    });
    return exitCodeOf(told);
  }
}

function refuseNodeDebug(environment: Environment): void {
  if (!leakingDebugSections.test(environment.variables['NODE_DEBUG'] ?? '')) return;
  throw new CliError('usage', 'NODE_DEBUG would make Node print tokens and secrets', {
    hint: 'unset NODE_DEBUG; oauth-cli -v traces requests without secrets',
  });
}
