// The error that says that only a person can go on from here.

import { CliError } from '../errors.ts';
import type { Profile } from '../profile/profile.ts';

export function loginRequired(profile: Profile, what: string, cause?: unknown): CliError {
  return new CliError('login_required', `${what} (profile ${profile.name})`, {
    hint: `oauth-cli login --profile ${profile.name} ${profile.issuer}`,
    cause,
  });
}
