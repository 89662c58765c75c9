// config.json: the profiles and which of them is the current one. A person may read and edit it; oauth-cli never
// moves or overwrites one that it does not understand.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { JsonError, readJsonObject, readUtf8 } from '../strict-json.ts';
import type { Profile } from './profile.ts';
import { profileFromJson, profileToJson } from './profile-json.ts';

export type Configuration = {
  readonly current: string | undefined;
  /** In the order in which they were made. */
  readonly profiles: readonly Profile[];
};

export const configurationFile = 'config.json';
const version = 1;

/** @throws CliError `usage` when the file is not a configuration of this version; StoreError */
export async function readConfiguration(environment: Environment): Promise<Configuration> {
  const bytes = await environment.home.read(configurationFile);
  if (bytes === null) return { current: undefined, profiles: [] };
  const document = parse(bytes, environment);
  if (document['version'] !== version) {
    throw broken(
      environment,
      `has version ${JSON.stringify(document['version'])}, this oauth-cli reads ${version}`,
    );
  }
  const profiles = document['profiles'];
  if (typeof profiles !== 'object' || profiles === null || Array.isArray(profiles)) {
    throw broken(environment, '/profiles: expected an object');
  }
  const current = document['current'];
  if (current !== undefined && typeof current !== 'string') {
    throw broken(environment, '/current: expected a string');
  }
  return {
    current,
    profiles: Object.entries(profiles).map(([name, value]) => {
      const profile = profileFromJson(name, value);
      if (typeof profile === 'string') throw broken(environment, profile);
      return profile;
    }),
  };
}

/** Changes the configuration under its lock, from what is in the file at that moment. */
export async function updateConfiguration(
  environment: Environment,
  change: (configuration: Configuration) => Configuration,
): Promise<void> {
  const lock = await environment.locks.acquire('config', 10_000, environment.cancelled);
  try {
    const { current, profiles } = change(await readConfiguration(environment));
    const document = {
      version,
      ...(current === undefined ? {} : { current }),
      profiles: Object.fromEntries(
        profiles.map((profile) => [profile.name, profileToJson(profile)]),
      ),
    };
    const text = `${JSON.stringify(document, null, 2)}\n`;
    await environment.home.write(configurationFile, new TextEncoder().encode(text));
  } finally {
    await lock.release();
  }
}

/** The configuration with a profile added or replaced, and made the current one. */
export function withProfile(configuration: Configuration, profile: Profile): Configuration {
  const others = configuration.profiles.filter((other) => other.name !== profile.name);
  return { current: profile.name, profiles: [...others, profile] };
}

/** The configuration with one profile changed, in its place. */
export function withChangedProfile(
  { current, profiles }: Configuration,
  name: string,
  change: (profile: Profile) => Profile,
): Configuration {
  const changed = profiles.map((profile) => (profile.name === name ? change(profile) : profile));
  const index = profiles.findIndex((profile) => profile.name === name);
  return { current: current === name ? changed[index]?.name : current, profiles: changed };
}

/** The configuration without a profile. */
export function withoutProfile(configuration: Configuration, name: string): Configuration {
  return {
    current: configuration.current === name ? undefined : configuration.current,
    profiles: configuration.profiles.filter((profile) => profile.name !== name),
  };
}

function parse(bytes: Uint8Array, environment: Environment): Record<string, unknown> {
  let text = '';
  try {
    text = readUtf8(bytes);
    return readJsonObject(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw broken(environment, `${place(text, error.position)}: ${error.message}`);
  }
}

function place(text: string, position: number): string {
  const lines = text.slice(0, position).split('\n');
  return `line ${lines.length}, column ${(lines.at(-1) ?? '').length + 1}`;
}

function broken(environment: Environment, what: string): CliError {
  return new CliError('usage', `${environment.home.directory}/${configurationFile}: ${what}`, {
    hint: 'correct the file, or move it away to start anew',
  });
}
