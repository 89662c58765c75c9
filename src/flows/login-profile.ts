// Which profile a login is for: its issuer, its name, and what is there under that name already.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { checkIssuer } from '../oauth/issuer.ts';
import { readConfiguration } from '../profile/configuration.ts';
import type { Preset } from '../profile/presets.ts';
import { findPreset, presets } from '../profile/presets.ts';
import type { Profile } from '../profile/profile.ts';
import { checkProfileName } from '../profile/profile.ts';

export type LoginProfile = {
  readonly name: string;
  /** An issuer or a protected resource, as typed, of a preset or as stored. */
  readonly target: string;
  /** What the target is called when it is a preset. */
  readonly preset: Preset | null;
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
  const typed = input.target ?? named?.issuer ?? (await askForTarget(environment));
  const preset = findPreset(typed);
  const target = preset?.issuer ?? checkTarget(typed);
  const name =
    input.profileName === undefined
      ? (preset?.name ?? nameAfter(target))
      : checkProfileName(input.profileName);
  const found = profiles.find((profile) => profile.name === name) ?? null;
  const difference = found === null ? undefined : differenceOf(found, target, input.clientId);
  if (found === null || difference === undefined)
    return { name, target, preset, existing: found, replaced: null };
  await confirmReplacement(environment, found, difference);
  return { name, target, preset, existing: null, replaced: found };
}

/** An issuer or a URL of the same form; a name is a preset's or a mistake. @throws CliError `usage` */
export function checkTarget(typed: string): string {
  try {
    return checkIssuer(typed);
  } catch (error) {
    if (!(error instanceof CliError) || /[:/]/.test(typed)) throw error;
    throw new CliError(error.code, error.message, {
      hint: `for example https://accounts.example.com; names that are known: ${presets.map((preset) => preset.name).join(', ')}`,
    });
  }
}

/**
 * Once the server is known: a profile stays with its issuer unless the person agrees to another one.
 * @throws CliError `usage`
 * @see RFC 9728 §7.7
 */
export async function keepIssuer(
  environment: Environment,
  chosen: LoginProfile,
  issuer: string,
): Promise<LoginProfile> {
  const { existing } = chosen;
  if (existing === null || sameIssuer(existing.issuer, issuer)) return chosen;
  await confirmReplacement(
    environment,
    existing,
    `is for the issuer ${existing.issuer}, and ${chosen.target} now names ${issuer}`,
  );
  return { ...chosen, existing: null, replaced: existing };
}

async function askForTarget(environment: Environment): Promise<string> {
  if (!environment.stdin.isTTY) {
    throw new CliError('usage', 'there is no target to log in to', {
      hint: 'oauth-cli login https://accounts.example.com, or set OAUTH_CLI_ISSUER',
    });
  }
  return environment.prompt.ask('Where to log in (https://…): ', environment.cancelled);
}

/** The issuer's host; with its port, as two local servers differ by nothing else. */
function nameAfter(issuer: string): string {
  return checkProfileName(
    new URL(issuer).host.replaceAll(/[[\]]/g, '').replace(/^[^\p{L}\p{N}]+/u, ''),
  );
}

function differenceOf(
  found: Profile,
  target: string,
  clientId: string | undefined,
): string | undefined {
  const isSame = sameIssuer(found.issuer, target) || found.target === target;
  if (!isSame) return `is for the issuer ${found.issuer}`;
  if (clientId !== undefined && clientId !== found.clientId)
    return `is for the client ${found.clientId}`;
  return undefined;
}

/** A person may type one trailing slash too many or too few. */
function sameIssuer(one: string, other: string): boolean {
  const trimmed = (text: string) => text.replace(/\/$/, '');
  return trimmed(one) === trimmed(other);
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
