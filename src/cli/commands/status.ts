// oauth-cli status: what is stored, never a token.

import type { Command } from 'commander';
import type { ProfileStatus } from '../../flows/profile-status.ts';
import { sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import { namedProfile, passphraseOption, withAction } from '../command.ts';
import type { Output, OutputOptions } from '../output.ts';
import { relativeTime } from '../relative-time.ts';

type StatusOptions = OutputOptions & { readonly profile?: string };

export function addStatusCommand(program: Command, frame: Frame): void {
  const command = program
    .command('status')
    .argument('[profile]', 'the profile to show (default: all of them)')
    .description('show who is logged in where, until when; contacts nobody')
    .addOption(passphraseOption())
    .option('--profile <name>', 'the same as the argument');
  withAction<StatusOptions>(frame, command, runStatus);
}

async function runStatus(
  { environment, output }: CommandContext,
  options: StatusOptions,
  name: string | undefined,
): Promise<number | undefined> {
  const { readConfiguration } = await import('../../profile/configuration.ts');
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  const { profileStatus } = await import('../../flows/profile-status.ts');
  const { exitCodeFor } = await import('../exit-code.ts');
  const configuration = await readConfiguration(environment);
  const named = namedProfile(name, options.profile);
  const profiles =
    named === undefined
      ? configuration.profiles
      : [requireProfile(configuration, environment.variables, named)];
  if (profiles.length === 0 && !output.isJson) {
    await output.report(
      'Nobody is logged in. To begin: oauth-cli login <issuer>, or oauth-cli demo',
    );
  }
  let usable = true;
  for (const profile of profiles) {
    const status = await profileStatus(environment, profile);
    if (named !== undefined && status.problem !== undefined) throw status.problem;
    usable &&= status.state === 'valid' || status.state === 'refreshable';
    await tell(output, status, environment.clock.now(), configuration.current === profile.name);
  }
  return named === undefined || usable ? undefined : exitCodeFor('login_required');
}

async function tell(
  output: Output,
  status: ProfileStatus,
  now: number,
  current: boolean,
): Promise<void> {
  const { profile } = status;
  const expiresAt =
    status.expiresAt === undefined ? undefined : new Date(status.expiresAt).toISOString();
  if (output.isJson) {
    await output.printJson({
      profile: profile.name,
      current,
      state: status.state,
      problem: status.problem?.message,
      issuer: profile.issuer,
      client_id: profile.clientId,
      subject: status.subject,
      scope: status.scope,
      expires_at: expiresAt,
      refresh_token: status.hasRefreshToken,
      allowed_origins: profile.allowedOrigins,
      store: profile.store,
    });
    return;
  }
  const { bold, dim, green, yellow, red } = output.paint;
  const when = status.expiresAt === undefined ? '' : relativeTime(now, status.expiresAt);
  const states = {
    valid: green(status.expiresAt === undefined ? 'valid' : `valid, expires ${when}`),
    refreshable: yellow(`expired ${when}, will be renewed when it is needed`),
    expired: red(`expired ${when}, log in again`),
    logged_out: red('logged out'),
    unknown: red(`unknown: ${sanitize(status.problem?.message ?? '')}`),
  };
  const rows: [string, string | undefined][] = [
    ['issuer', profile.issuer],
    ['client', profile.clientId],
    ['subject', status.subject],
    ['scope', status.scope],
    ['origins', profile.allowedOrigins.join(' ')],
    ['store', profile.store],
  ];
  await output.print(`${bold(profile.name)}${current ? dim(' (current)') : ''}`);
  await output.print(`  ${dim('token  ')} ${states[status.state]}`);
  for (const [label, value] of rows) {
    if (value !== undefined && value !== '') {
      await output.print(`  ${dim(label.padEnd(7))} ${sanitize(value)}`);
    }
  }
}
