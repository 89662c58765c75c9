// oauth-cli logout: revoke at the server, then forget.

import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import type { LogoutResult } from '../../flows/logout.ts';
import type { Profile } from '../../profile/profile.ts';
import { displayUrl, sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import { namedProfile, passphraseOption, withAction } from '../command.ts';
import type { OutputOptions } from '../output.ts';

type LogoutOptions = OutputOptions & {
  readonly profile?: string;
  readonly all?: boolean;
  readonly local?: boolean;
  readonly endSession?: boolean;
};

export function addLogoutCommand(program: Command, frame: Frame): void {
  const command = program
    .command('logout')
    .argument('[profile]', 'the profile to log out (OAUTH_CLI_PROFILE; default: the current one)')
    .description('revoke the tokens at the server, then forget them; the registered client stays')
    .option('--profile <name>', 'the same as the argument')
    .option('--all', 'every profile')
    .addOption(passphraseOption())
    .option('--local', 'forget the tokens without telling the server')
    .option('--end-session', 'end the browser’s session at the server, too');
  withAction<LogoutOptions>(frame, command, runLogout);
}

async function runLogout(
  context: CommandContext,
  options: LogoutOptions,
  name: string | undefined,
): Promise<undefined> {
  const { environment } = context;
  const { readConfiguration } = await import('../../profile/configuration.ts');
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  const named = namedProfile(name, options.profile);
  if (named !== undefined && options.all === true) {
    throw new CliError('usage', 'a profile and --all do not go together');
  }
  const configuration = await readConfiguration(environment);
  const profiles =
    options.all === true
      ? configuration.profiles
      : [requireProfile(configuration, environment.variables, named)];
  const failures: CliError[] = [];
  for (const profile of profiles) {
    try {
      await logOut(context, profile, options);
    } catch (error) {
      const goesOn = options.all === true && error instanceof CliError;
      if (!goesOn || error.code === 'cancelled') throw error;
      await context.output.warn(`profile ${profile.name}: ${error.message}`);
      failures.push(error);
    }
  }
  const [first] = failures;
  if (first === undefined) return undefined;
  throw new CliError(
    first.code,
    `${failures.length} of ${profiles.length} logouts failed, the first one: ${first.message}`,
    { hint: first.hint, cause: first },
  );
}

async function logOut(
  context: CommandContext,
  profile: Profile,
  options: LogoutOptions,
): Promise<void> {
  const { logout } = await import('../../flows/logout.ts');
  const { endSessionUrl } = await import('../../flows/end-session.ts');
  const { environment, output } = context;
  const url = options.endSession === true ? await endSessionUrl(environment, profile) : undefined;
  const result = await logout(environment, profile, { local: options.local === true });
  await tell(context, profile, result, url);
  if (url === null) {
    await output.warn(`${profile.issuer} has no way to end the browser’s session`);
  } else if (url !== undefined) {
    const opened = environment.browser.available() && (await environment.browser.open(url));
    const lead = opened
      ? 'Your browser opens to end its session. If it does not, go to:'
      : 'To end the browser’s session, open:';
    await environment.stderr.write(`${lead}\n\n  ${displayUrl(url)}\n\n`);
  }
}

async function tell(
  { output }: CommandContext,
  profile: Profile,
  result: LogoutResult,
  endSession: string | null | undefined,
): Promise<void> {
  if (output.isJson) {
    await output.printJson({ profile: profile.name, result, end_session: endSession });
    return;
  }
  const texts: Record<LogoutResult, string> = {
    revoked: `${output.reportPaint.green('✓')} Logged out of ${sanitize(profile.issuer)}: tokens revoked and forgotten`,
    access_token_lives: `${output.reportPaint.green('✓')} Logged out of ${sanitize(profile.issuer)}; the server does not revoke access tokens, this one lives until it expires`,
    forgotten: `Forgot the tokens of ${sanitize(profile.issuer)}; the server was not told, so they live until they expire`,
    not_logged_in: `Nobody was logged in (profile ${profile.name})`,
  };
  await output.report(texts[result]);
}
