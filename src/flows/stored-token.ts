// A profile's stored token as it is, fresh or not.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { readConfiguration } from '../profile/configuration.ts';
import { requireProfile } from '../profile/resolve-profile.ts';
import { findTokenSet } from '../tokens/profile-secrets.ts';
import { openSecretStore } from '../tokens/secret-store.ts';

/** @throws CliError `login_required` when there is none; `usage`; StoreError */
export async function storedToken(
  environment: Environment,
  profileName: string | undefined,
  idToken: boolean,
): Promise<string> {
  const profile = requireProfile(
    await readConfiguration(environment),
    environment.variables,
    profileName,
  );
  const tokens = await findTokenSet(openSecretStore(environment, profile.store), profile);
  const token = idToken ? tokens?.idToken : tokens?.accessToken;
  if (token !== undefined) return token;
  throw new CliError(
    'login_required',
    tokens === null
      ? `nobody is logged in (profile ${profile.name})`
      : 'this login has no ID token',
    { hint: `oauth-cli login --profile ${profile.name} ${profile.issuer}` },
  );
}
