// Commander's complaints as usage errors of ours. Its own texts repeat what was typed, which may hold a secret
// (`--client-secret=…`), so only names of options and commands are taken over.

import type { CommanderError } from 'commander';
import { CliError } from '../errors.ts';

export function usageError(error: CommanderError): CliError {
  // Of a short option only the letter: what follows may be its value, glued on.
  const option = /'(--[A-Za-z][A-Za-z0-9-]*|-[A-Za-z])/.exec(error.message)?.[1];
  const suggestion = /Did you mean (?:one of )?([^?]+)\?/.exec(error.message)?.[1];
  switch (error.code) {
    case 'commander.unknownOption':
      return new CliError('usage', `unknown option ${option ?? ''}`.trim(), {
        hint:
          secretHint(option) ??
          (suggestion === undefined ? helpHint : `did you mean ${suggestion}?`),
      });
    case 'commander.unknownCommand':
      return new CliError('usage', 'unknown command', {
        hint: suggestion === undefined ? helpHint : `did you mean ${suggestion}?`,
      });
    case 'commander.optionMissingArgument':
      return new CliError('usage', `option ${option ?? ''} needs a value`, { hint: helpHint });
    case 'commander.missingArgument':
      return new CliError('usage', 'an argument is missing', { hint: helpHint });
    case 'commander.excessArguments':
      return new CliError('usage', 'there are too many arguments', { hint: helpHint });
    case 'commander.invalidArgument':
      return new CliError('usage', `option ${option ?? ''} has a value that it does not take`, {
        hint: /Allowed choices are ([a-z_, ]+)/.exec(error.message)?.[0].toLowerCase() ?? helpHint,
      });
    case 'commander.conflictingOption':
      return new CliError(
        'usage',
        `option ${option ?? ''} goes not together with another one given`,
      );
    default:
      return new CliError('usage', 'the command line is not understood', { hint: helpHint });
  }
}

const helpHint = 'see oauth-cli --help';

function secretHint(option: string | undefined): string | undefined {
  if (option === undefined || !/secret|password|token|passphrase/.test(option)) return undefined;
  return 'secrets are not taken from the command line, where other users see them; use stdin, a file or the environment';
}
