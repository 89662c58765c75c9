// oauth-cli logout: revoke at the server, then forget.

import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import type { LogoutResult } from '../../flows/logout.ts';
import type { Profile } from '../../profile/profile.ts';
import { sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import { namedProfile, passphraseOption, withAction } from '../command.ts';
import type { OutputOptions } from '../output.ts';

type LogoutOptions = OutputOptions & {
  readonly profile?: string;
  readonly all?: boolean;
  readonly local?: boolean;
};

export function addLogoutCommand(program: Command, frame: Frame): void {
  const command = program
    .command('logout')
    .argument('[profile]', 'the profile to log out (OAUTH_CLI_PROFILE; default: the current one)')
    .description('revoke the tokens at the server, then forget them; the registered client stays')
    .option('--profile <name>', 'the same as the argument')
    .option('--all', 'every profile')
    .addOption(passphraseOption())
    .option('--local', 'forget the tokens without telling the server');
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
  const { logout } = await import('../../flows/logout.ts');
  const named = namedProfile(name, options.profile);
  if (named !== undefined && options.all === true) {
    throw new CliError('usage', 'a profile and --all do not go together');
  }
  const configuration = await readConfiguration(environment);
  const profiles =
    options.all === true
      ? configuration.profiles
      : [requireProfile(configuration, environment.variables, named)];
  for (const profile of profiles) {
    const result = await logout(environment, profile, { local: options.local === true });
    await tell(context, profile, result);
  }
  return undefined;
}

async function tell(
  { output }: CommandContext,
  profile: Profile,
  result: LogoutResult,
): Promise<void> {
  if (output.isJson) {
    await output.printJson({ profile: profile.name, result });
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
