// Changing a profile's defaults without a login.

import type { Environment } from '../environment.ts';
import { parseOrigin } from '../http/origin.ts';
import { updateConfiguration, withChangedProfile } from '../profile/configuration.ts';
import type { Profile } from '../profile/profile.ts';

export type Defaults = {
  /** All of them; undefined leaves them as they are. */
  readonly allowedOrigins: readonly string[] | undefined;
  readonly scope: string | undefined;
};

/** @throws CliError `usage` for what is no origin; StoreError */
export async function changeDefaults(
  environment: Environment,
  { name }: Profile,
  { allowedOrigins, scope }: Defaults,
): Promise<void> {
  const origins = allowedOrigins?.map(parseOrigin);
  await updateConfiguration(environment, (configuration) =>
    withChangedProfile(configuration, name, (profile) => ({
      ...profile,
      allowedOrigins: origins === undefined ? profile.allowedOrigins : [...new Set(origins)],
      scope: scope ?? profile.scope,
    })),
  );
}
