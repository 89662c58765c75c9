// Which profile a command means: the one named, else OAUTH_CLI_PROFILE, else the current one, else the only one.

import { CliError } from '../errors.ts';
import type { Configuration } from './configuration.ts';
import type { Profile } from './profile.ts';

/** Null when there is no profile at all and none was named. @throws CliError `usage` */
export function findProfile(
  configuration: Configuration,
  variables: Readonly<Record<string, string | undefined>>,
  named: string | undefined,
): Profile | null {
  const { profiles } = configuration;
  const wanted = named ?? nonEmpty(variables['OAUTH_CLI_PROFILE']);
  if (wanted !== undefined) {
    const found = profiles.find((profile) => profile.name === wanted);
    if (found !== undefined) return found;
    throw new CliError('usage', `there is no profile ${wanted}`, {
      hint:
        profiles.length === 0
          ? 'log in first: oauth-cli login <issuer>'
          : `there is ${profiles.map((profile) => profile.name).join(', ')}`,
    });
  }
  const current = profiles.find((profile) => profile.name === configuration.current);
  if (current !== undefined) return current;
  if (profiles.length <= 1) return profiles[0] ?? null;
  throw new CliError('usage', 'there are several profiles and none is the current one', {
    hint: `name one of ${profiles.map((profile) => profile.name).join(', ')} with --profile`,
  });
}

/** The same where a login is needed. @throws CliError `login_required` when there is no profile; `usage` */
export function requireProfile(
  configuration: Configuration,
  variables: Readonly<Record<string, string | undefined>>,
  named: string | undefined,
): Profile {
  const profile = findProfile(configuration, variables, named);
  if (profile !== null) return profile;
  throw new CliError('login_required', 'nobody is logged in', {
    hint: 'oauth-cli login <issuer>',
  });
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
