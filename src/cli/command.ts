// What every command shares: its common options, and the frame in which its action runs.

import type { Command } from 'commander';
import { Option } from 'commander';
import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { Output, OutputOptions } from './output.ts';
import { createOutput } from './output.ts';
import { withPassphraseFile } from './passphrase.ts';
import { tracingHttp } from './trace-http.ts';

export type CommonOptions = OutputOptions & { readonly passphraseFile?: string };

export type CommandContext = { readonly environment: Environment; readonly output: Output };

/** An action returns the exit code when it is not 0. */
export type Action<Options> = (
  context: CommandContext,
  options: Options,
  positional: string | undefined,
) => Promise<number | undefined>;

/** Where an action finds the outside world and leaves its exit code. */
export type Frame = {
  readonly environment: Environment;
  exitCode: number;
  /** What commander wants printed: help and version. */
  readonly help: string[];
};

/** Ends a command's definition: the common options, and its action with the context made from them. */
export function withAction<Options extends CommonOptions>(
  frame: Frame,
  command: Command,
  action: Action<Options>,
): Command {
  return command
    .option('--json', 'print JSON')
    .addOption(
      new Option('--color <when>', 'colours').choices(['auto', 'always', 'never']).default('auto'),
    )
    .option('-q, --quiet', 'print nothing but the result and errors')
    .option('-v, --verbose', 'trace HTTP exchanges on stderr, without secrets')
    .action(async (...received: unknown[]) => {
      const options = command.opts<Options>();
      const positional = typeof received[0] === 'string' ? received[0] : undefined;
      const output = createOutput(frame.environment, options);
      const traced =
        options.verbose === true ? tracingHttp(frame.environment, output) : frame.environment;
      const environment = withPassphraseFile(traced, options.passphraseFile);
      frame.exitCode = (await action({ environment, output }, options, positional)) ?? 0;
    });
}

/** For commands that read the store. */
export function passphraseOption(): Option {
  return optionWithVariable(
    '--passphrase-file <path>',
    'passphrase of the file store',
    'OAUTH_CLI_PASSPHRASE',
  );
}

/** An option whose environment variable `--help` names; the value is looked up with `optionOrVariable`. */
export function optionWithVariable(flags: string, description: string, variable: string): Option {
  return new Option(flags, `${description} (${variable})`);
}

/** The option, else the variable unless it is empty. */
export function optionOrVariable(
  environment: Environment,
  option: string | undefined,
  variable: string,
): string | undefined {
  const value = option ?? environment.variables[variable];
  return value === '' ? undefined : value;
}

/** Collects a repeatable option. */
export function collect(value: string, previous: readonly string[] | undefined): readonly string[] {
  return [...(previous ?? []), value];
}

/** A repeatable option, else the variable's blank-separated words. */
export function listOrVariable(
  environment: Environment,
  option: readonly string[] | undefined,
  variable: string,
): readonly string[] | undefined {
  if (option !== undefined) return option;
  const words = (environment.variables[variable] ?? '').split(' ').filter((word) => word !== '');
  return words.length === 0 ? undefined : words;
}

/** The profile that a command was given, as its argument or with --profile. @throws CliError `usage` for two of them */
export function namedProfile(
  argument: string | undefined,
  option: string | undefined,
): string | undefined {
  if (argument !== undefined && option !== undefined && argument !== option) {
    throw new CliError('usage', 'two profiles are named, by the argument and by --profile');
  }
  return argument ?? option;
}
