// Which profile a login is for: its issuer, its name, and what is there under that name already.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { checkIssuer } from '../oauth/issuer.ts';
import { readConfiguration } from '../profile/configuration.ts';
import type { Profile } from '../profile/profile.ts';
import { checkProfileName } from '../profile/profile.ts';

export type LoginProfile = {
  readonly name: string;
  /** As typed or as stored. */
  readonly issuer: string;
  /** The profile whose client and settings this login goes on with. */
  readonly existing: Profile | null;
  /** A profile of this name for another issuer or client, which the person agreed to replace. */
  readonly replaced: Profile | null;
};

export type LoginProfileInput = {
  readonly target: string | undefined;
  readonly profileName: string | undefined;
  readonly clientId: string | undefined;
};

/** @throws CliError `usage`, also when a profile would have to be replaced and nobody can be asked */
export async function chooseLoginProfile(
  environment: Environment,
  input: LoginProfileInput,
): Promise<LoginProfile> {
  const { profiles } = await readConfiguration(environment);
  const named = profiles.find((profile) => profile.name === input.profileName);
  const issuer = checkIssuer(input.target ?? named?.issuer ?? (await askForTarget(environment)));
  const name =
    input.profileName === undefined ? nameAfter(issuer) : checkProfileName(input.profileName);
  const found = profiles.find((profile) => profile.name === name) ?? null;
  if (found === null) return { name, issuer, existing: null, replaced: null };
  const difference = differenceOf(found, issuer, input.clientId);
  if (difference === undefined)
    return { name, issuer: found.issuer, existing: found, replaced: null };
  await confirmReplacement(environment, found, difference);
  return { name, issuer, existing: null, replaced: found };
}

async function askForTarget(environment: Environment): Promise<string> {
  if (!environment.stdin.isTTY) {
    throw new CliError('usage', 'there is no target to log in to', {
      hint: 'oauth-cli login https://accounts.example.com, or set OAUTH_CLI_ISSUER',
    });
  }
  return environment.prompt.ask('Issuer to log in to (https://…): ', environment.cancelled);
}

/** The issuer's host; with its port, as two local servers differ by nothing else. */
function nameAfter(issuer: string): string {
  return checkProfileName(
    new URL(issuer).host.replaceAll(/[[\]]/g, '').replace(/^[^\p{L}\p{N}]+/u, ''),
  );
}

function differenceOf(
  found: Profile,
  issuer: string,
  clientId: string | undefined,
): string | undefined {
  const trimmed = (text: string) => text.replace(/\/$/, '');
  if (trimmed(found.issuer) !== trimmed(issuer)) return `is for the issuer ${found.issuer}`;
  if (clientId !== undefined && clientId !== found.clientId)
    return `is for the client ${found.clientId}`;
  return undefined;
}

async function confirmReplacement(
  environment: Environment,
  found: Profile,
  difference: string,
): Promise<void> {
  const hint = 'choose another name with --profile';
  if (!environment.stdin.isTTY || !environment.stderr.isTTY) {
    throw new CliError('usage', `the profile ${found.name} ${difference}`, { hint });
  }
  if (await environment.prompt.confirm(`The profile ${found.name} ${difference}. Replace it?`))
    return;
  throw new CliError('usage', `the profile ${found.name} was kept`, { hint });
}
