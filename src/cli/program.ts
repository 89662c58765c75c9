// The command tree. Each command's options stand in its own file; what it runs is loaded when it is called.

import { Command } from 'commander';
import type { Frame } from './command.ts';
import { addClientCommand } from './commands/client.ts';
import { addDecodeCommand } from './commands/decode.ts';
import { addDemoCommand } from './commands/demo.ts';
import { addDiscoverCommand } from './commands/discover.ts';
import { addLoginCommand } from './commands/login.ts';
import { addLogoutCommand } from './commands/logout.ts';
import { addProfileCommand } from './commands/profile.ts';
import { addServeCommand } from './commands/serve.ts';
import { addStatusCommand } from './commands/status.ts';
import { addStoreCommand } from './commands/store.ts';
import { addTokenCommand } from './commands/token.ts';
import { version } from '../version.ts';

export function buildProgram(frame: Frame): Command {
  const { stdout } = frame.environment;
  const program = new Command('oauth-cli')
    .description('OAuth 2.0 and OpenID Connect on the command line')
    .version(version, '-V, --version', 'print the version')
    .helpOption('-h, --help', 'show help')
    .helpCommand('help [command]', 'show help for a command')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => frame.help.push(text),
      // Errors are told once, in run.ts.
      writeErr: () => undefined,
      getOutHelpWidth: () => Math.max(stdout.columns ?? 80, 40),
      outputError: () => undefined,
    });
  addLoginCommand(program, frame);
  addLogoutCommand(program, frame);
  addStatusCommand(program, frame);
  addTokenCommand(program, frame);
  addRequestCommand(program);
  addDecodeCommand(program, frame);
  addStoreCommand(program, frame);
  addDiscoverCommand(program, frame);
  addClientCommand(program, frame);
  addProfileCommand(program, frame);
  addDemoCommand(program, frame);
  addServeCommand(program, frame);
  program.addHelpText('after', examples);
  return program;
}

/** For the help only: run.ts hands `request` its arguments as they are, since they are curl's. */
function addRequestCommand(program: Command): void {
  program
    .command('request')
    .alias('curl')
    .argument('<url>')
    .usage('[curl options] <url>')
    .description('make an HTTP request with the right token, with curl’s options')
    .addHelpText('after', requestOptions);
}

const requestOptions = `
curl's options, with curl's meanings:
  -X, --request <method>  -H, --header <line>   -d, --data <data>
  -i, --include           -o, --output <file>   -f, --fail
  -s, --silent            -S, --show-error

Ours:
  --profile <name>        whose token to send (OAUTH_CLI_PROFILE; default: the
                          current one, else the only one that may send it there)
  --json-errors           tell errors as JSON

Examples:
  oauth-cli request https://api.example/me
  oauth-cli request -X PUT -d @new.json -H "Content-Type: application/json" \\
    https://api.example/things/1
`;

const examples = `
Examples:
  oauth-cli demo                            see everything work, with no account
  oauth-cli login https://as.example        log in with the browser
  oauth-cli request https://api.example/me  call an API with the token
  oauth-cli token | oauth-cli decode        look inside the access token
`;
