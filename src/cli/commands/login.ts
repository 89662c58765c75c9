// oauth-cli login: options, then the login flow, then who is logged in.

import type { Command } from 'commander';
import type { Environment } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import type { LoginInput, LoginProgress, LoginResult } from '../../flows/login.ts';
import { checkStoreKind } from '../../profile/profile.ts';
import type { StoreKind } from '../../profile/profile.ts';
import { displayUrl, sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import {
  collect,
  listOrVariable,
  optionOrVariable,
  optionWithVariable,
  passphraseOption,
  withAction,
} from '../command.ts';
import { deviceProgress } from '../device-progress.ts';
import { wholeNumber } from '../option-values.ts';
import type { Output, OutputOptions } from '../output.ts';
import { duration, relativeTime } from '../relative-time.ts';
import { withPassphrasePrompt } from '../passphrase.ts';
import { readSecret } from '../secret-input.ts';
import { tokenTypeName } from '../token-type-name.ts';

type LoginOptions = OutputOptions & {
  readonly profile?: string;
  readonly issuer?: string;
  readonly metadata?: string;
  readonly endpoint?: readonly string[];
  readonly clientId?: string;
  readonly clientSecretStdin?: boolean;
  readonly clientSecretFile?: string;
  readonly clientAuth?: string;
  readonly scope?: readonly string[];
  readonly resource?: readonly string[];
  readonly allowOrigin?: readonly string[];
  readonly grant?: string;
  readonly device?: boolean;
  readonly browser: boolean;
  readonly port?: string;
  readonly redirectUri?: string;
  readonly loginTimeout: string;
  readonly store?: string;
};

export function addLoginCommand(program: Command, frame: Frame): void {
  const command = program
    .command('login')
    .argument(
      '[target]',
      'an issuer, the URL of an API, or a preset: github, gitlab, google, spotify (OAUTH_CLI_ISSUER)',
    )
    .description('log in with the browser and keep the tokens')
    .addOption(
      optionWithVariable('--profile <name>', 'what to call this login', 'OAUTH_CLI_PROFILE'),
    )
    .option('--issuer <url>', 'the authorization server, where the target is an API')
    .addOption(
      optionWithVariable(
        '--client-id <id>',
        'a client registered there; without one, oauth-cli registers itself',
        'OAUTH_CLI_CLIENT_ID',
      ),
    )
    .option(
      '--client-secret-stdin',
      'read the client secret from stdin (or OAUTH_CLI_CLIENT_SECRET)',
    )
    .option('--client-secret-file <path>', 'read the client secret from a file')
    .addOption(
      optionWithVariable(
        '--client-auth <method>',
        'none, client_secret_basic or client_secret_post',
        'OAUTH_CLI_CLIENT_AUTH',
      ),
    )
    .addOption(
      optionWithVariable(
        '--scope <scope>',
        'what to ask for; repeatable',
        'OAUTH_CLI_SCOPE',
      ).argParser(collect),
    )
    .addOption(
      optionWithVariable(
        '--resource <uri>',
        'resource indicator; repeatable',
        'OAUTH_CLI_RESOURCE',
      ).argParser(collect),
    )
    .option('--allow-origin <origin>', 'where the token may be sent besides; repeatable', collect)
    .addOption(
      optionWithVariable('--grant <grant>', 'authorization_code or device_code', 'OAUTH_CLI_GRANT'),
    )
    .option('--device', 'log in with a code on another device: --grant device_code')
    .option('--metadata <url|file>', 'the server’s metadata, where it has no discovery')
    .option('--endpoint <name=url>', 'an endpoint that its metadata lack; repeatable', collect)
    .option('--no-browser', 'print the URL and wait, open nothing')
    .option('--port <port>', 'port of the redirect listener (default: any free one)')
    .option('--redirect-uri <uri>', 'http://127.0.0.1:<port>/<path>, as registered there')
    .option('--login-timeout <seconds>', 'how long to wait for the browser', '300')
    .addOption(
      optionWithVariable(
        '--store <store>',
        'keychain, file (encrypted) or plaintext',
        'OAUTH_CLI_STORE',
      ),
    )
    .addOption(passphraseOption())
    .addHelpText(
      'after',
      `
Examples:
  oauth-cli login https://as.example
  oauth-cli login https://api.example/v1
  oauth-cli login github --client-id my-client --device
  oauth-cli login --profile work --scope "openid email" https://as.example
  oauth-cli login --client-id my-client --port 8400 https://as.example
`,
    );
  withAction<LoginOptions>(frame, command, runLogin);
}

async function runLogin(
  context: CommandContext,
  options: LoginOptions,
  target: string | undefined,
): Promise<undefined> {
  const { output } = context;
  const environment = withPassphrasePrompt(context.environment);
  const { login } = await import('../../flows/login.ts');
  const input = await loginInput(environment, options, target);
  const result = await login(
    environment,
    input,
    loginProgress(environment, output, input, options.quiet === true),
  );
  await printResult(environment, output, result);
  return undefined;
}

async function loginInput(
  environment: Environment,
  options: LoginOptions,
  target: string | undefined,
): Promise<LoginInput> {
  const store = optionOrVariable(environment, options.store, 'OAUTH_CLI_STORE');
  return {
    target: optionOrVariable(environment, target ?? options.issuer, 'OAUTH_CLI_ISSUER'),
    issuer: options.issuer,
    metadata: options.metadata,
    endpoints: options.endpoint ?? [],
    profileName: optionOrVariable(environment, options.profile, 'OAUTH_CLI_PROFILE'),
    clientId: optionOrVariable(environment, options.clientId, 'OAUTH_CLI_CLIENT_ID'),
    clientSecret: await readSecret(environment, {
      stdin: options.clientSecretStdin === true,
      file: options.clientSecretFile,
      variable: 'OAUTH_CLI_CLIENT_SECRET',
    }),
    clientAuthentication: optionOrVariable(
      environment,
      options.clientAuth,
      'OAUTH_CLI_CLIENT_AUTH',
    ),
    scope: listOrVariable(environment, options.scope, 'OAUTH_CLI_SCOPE')?.join(' '),
    resources: listOrVariable(environment, options.resource, 'OAUTH_CLI_RESOURCE') ?? [],
    allowedOrigins: options.allowOrigin ?? [],
    grant: grantOf(
      options.device === true
        ? 'device_code'
        : optionOrVariable(environment, options.grant, 'OAUTH_CLI_GRANT'),
    ),
    port: options.port === undefined ? undefined : wholeNumber('--port', options.port, 65_535),
    redirectUri: options.redirectUri,
    browser: options.browser,
    timeout: wholeNumber('--login-timeout', options.loginTimeout, 86_400) * 1000,
    store: store === undefined ? undefined : storeThatLasts(checkStoreKind(store)),
  };
}

function grantOf(value: string | undefined): LoginInput['grant'] {
  if (value === undefined || value === 'authorization_code' || value === 'device_code')
    return value;
  throw new CliError('usage', 'login does not have this grant', {
    hint: 'one of authorization_code, device_code',
  });
}

function storeThatLasts(store: StoreKind): StoreKind {
  if (store !== 'memory') return store;
  throw new CliError('usage', 'a login in the memory store would be gone when the command ends', {
    hint: 'use the keychain, --store file or --store plaintext',
  });
}

function loginProgress(
  environment: Environment,
  output: Output,
  input: LoginInput,
  quiet: boolean,
): LoginProgress {
  const { bold, dim } = output.reportPaint;
  const limit = duration(input.timeout);
  return {
    ...deviceProgress(environment, output, quiet),
    waitingForUnlock: () =>
      output.report('Your keychain is locked: please unlock it in the window that opens.'),
    found: (resource, issuer) =>
      output.report(
        `${sanitize(resource)} accepts tokens of the authorization server ${bold(sanitize(issuer))}`,
      ),
    notice: (text) => output.report(dim(sanitize(text))),
    async authorizing(url, browser, redirectUri) {
      const lead = {
        opened: 'Your browser opens. If it does not, go to:',
        failed: 'The browser could not be started. Please open this address:',
        none: 'Open this address in a browser on this machine:',
      };
      const forward = browser === 'none' ? portForward(environment, redirectUri) : undefined;
      // Not `report`: without the address nobody could go on, also with --quiet.
      await environment.stderr.write(
        `${forward === undefined ? lead[browser] : 'Open this address in your browser:'}\n\n  ${bold(displayUrl(url))}\n\n`,
      );
      if (forward !== undefined) {
        await output.report(
          `Before that, so that the browser finds its way back, run on the machine with the browser:\n\n  ${bold(forward)}\n`,
        );
      }
      await output.report(dim(`Waiting for you to finish there, ${limit} at most; Ctrl-C stops.`));
    },
    refusedPaste: () =>
      output.report(
        'That is not the address of the page after the login: paste all of it, from http:// on, with code and state.',
      ),
    async offerDevice() {
      if (environment.stdin.isTTY && environment.stderr.isTTY) {
        return environment.prompt.confirm(
          'There is no browser here. Log in with a code on another device?',
        );
      }
      await output.report(dim('There is no browser here; --device needs none.'));
      return false;
    },
    refusedCallbacks(count) {
      if (count !== 20) return;
      void output.warn(
        'something on this machine keeps calling the redirect address with a wrong state',
      );
    },
  };
}

/** Over SSH: the command that leads the browser's redirect back to this machine. */
function portForward({ variables }: Environment, redirectUri: string): string | undefined {
  const [, , server] = (variables['SSH_CONNECTION'] ?? '').split(' ');
  if (server === undefined || !/^[0-9a-fA-F.:]+$/.test(server)) return undefined;
  const { port, hostname } = new URL(redirectUri);
  const user = /^[\w.-]+$/.test(variables['USER'] ?? '') ? `${variables['USER'] ?? ''}@` : '';
  return `ssh -N -L ${port}:${hostname}:${port} ${user}${server}`;
}

async function printResult(
  environment: Environment,
  output: Output,
  result: LoginResult,
): Promise<void> {
  const { profile, tokens } = result;
  if (output.isJson) {
    await output.printJson({
      profile: profile.name,
      issuer: profile.issuer,
      client_id: profile.clientId,
      subject: tokens.subject,
      scope: tokens.scope,
      token_type: tokenTypeName(tokens.tokenType),
      expires_at:
        tokens.expiresAt === undefined ? undefined : new Date(tokens.expiresAt).toISOString(),
      store: profile.store,
    });
    return;
  }
  const { green, bold, dim } = output.reportPaint;
  const who =
    tokens.subject === undefined ? 'Logged in' : `Logged in as ${bold(sanitize(tokens.subject))}`;
  await output.report(`${green('✓')} ${who} at ${sanitize(profile.issuer)}`);
  await output.report(
    `  ${dim('scope  ')} ${tokens.scope === undefined ? 'not told' : sanitize(tokens.scope)}`,
  );
  await output.report(
    `  ${dim('token  ')} ${lifetime(environment, tokens.expiresAt, tokens.refreshToken)}`,
  );
  await output.report(`  ${dim('profile')} ${profile.name}, in the ${storeName[profile.store]}`);
  if (result.requestedScope !== undefined && !isSameScope(tokens.scope, result.requestedScope)) {
    await output.report(
      dim(
        `  The server granted another scope than was asked for (${sanitize(result.requestedScope)}).`,
      ),
    );
  }
  if (result.leftBehind) {
    await output.warn(
      'the store of the login before could not be reached and still has its tokens',
    );
  }
  const [origin] = profile.allowedOrigins;
  await output.report(
    dim(`  Next: ${origin === undefined ? 'oauth-cli token' : `oauth-cli request ${origin}/…`}`),
  );
}

const storeName: Record<StoreKind, string> = {
  keychain: 'keychain',
  file: 'encrypted file store',
  plaintext: 'plaintext store: anybody who can read your files can read these tokens',
  memory: 'memory of this process',
};

function lifetime(
  environment: Environment,
  expiresAt: number | undefined,
  refreshToken: string | undefined,
): string {
  const until =
    expiresAt === undefined
      ? 'the server does not say for how long'
      : `expires ${relativeTime(environment.clock.now(), expiresAt)}`;
  return refreshToken === undefined ? until : `${until}, renewed when it is needed`;
}

/** RFC 6749 §3.3: the order does not matter; one that was not asked for is the server's choice. */
function isSameScope(granted: string | undefined, requested: string): boolean {
  const set = (scope: string | undefined) => [...new Set(scope?.split(' '))].sort().join(' ');
  return set(granted) === set(requested);
}
