// oauth-cli profile: the named logins and their defaults.

import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import type { Configuration } from '../../profile/configuration.ts';
import type { Profile } from '../../profile/profile.ts';
import { sanitize } from '../../sanitize.ts';
import type { Action, CommandContext, Frame } from '../command.ts';
import { collect, withAction } from '../command.ts';
import type { OutputOptions } from '../output.ts';

type ProfileOptions = OutputOptions & {
  readonly allowOrigin?: readonly string[];
  readonly scope?: readonly string[];
  readonly to?: string;
  readonly local?: boolean;
};

export function addProfileCommand(program: Command, frame: Frame): void {
  const profile = program.command('profile').description('list, choose and change profiles');
  const named = (name: string, description: string) =>
    profile.command(name).argument('<profile>').description(description);
  withAction<ProfileOptions>(
    frame,
    profile.command('list').description('list the profiles; the current one has a *'),
    runList,
  );
  withAction<ProfileOptions>(
    frame,
    profile
      .command('show')
      .argument('[profile]', 'default: the current one')
      .description('show what config.json has'),
    runShow,
  );
  withAction<ProfileOptions>(frame, named('use', 'make it the current one'), runUse);
  withAction<ProfileOptions>(
    frame,
    named('set', 'change its defaults')
      .option('--allow-origin <origin>', 'where its token may be sent; repeatable', collect)
      .option('--scope <scope>', 'what its next login asks for; repeatable', collect),
    runSet,
  );
  withAction<ProfileOptions>(
    frame,
    named('rename', 'give it another name').requiredOption('--to <name>', 'the new name'),
    runRename,
  );
  withAction<ProfileOptions>(
    frame,
    named('delete', 'log out, delete the client at the server, forget both').option(
      '--local',
      'forget it without telling the server',
    ),
    runDelete,
  );
}

const runList: Action<ProfileOptions> = async (context) => {
  const { output } = context;
  const { current, profiles } = await read(context);
  for (const profile of profiles) {
    const isCurrent = profile.name === current;
    if (output.isJson) await output.printJson(await toJson(profile, isCurrent));
    else
      await output.print(`${isCurrent ? '*' : ' '} ${profile.name}  ${sanitize(profile.issuer)}`);
  }
  return undefined;
};

const runShow: Action<ProfileOptions> = async (context, _options, name) => {
  const { output, environment } = context;
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  const configuration = await read(context);
  const profile = requireProfile(configuration, environment.variables, name);
  const document = await toJson(profile, profile.name === configuration.current);
  if (output.isJson) await output.printJson(document);
  else {
    const text = JSON.stringify(document, null, 2);
    await output.print(sanitize(text, { multiline: true, maxLength: Infinity }));
  }
  return undefined;
};

const runUse: Action<ProfileOptions> = async (context, _options, name = '') => {
  await change(context, name, (configuration) => ({ ...configuration, current: name }));
  return undefined;
};

const runSet: Action<ProfileOptions> = async (context, options, name = '') => {
  const { allowOrigin, scope } = options;
  if (allowOrigin === undefined && scope === undefined) {
    throw new CliError('usage', 'there is nothing to set', {
      hint: 'give --allow-origin or --scope',
    });
  }
  const { changeDefaults } = await import('../../flows/change-profile.ts');
  await changeDefaults(context.environment, await find(context, name), {
    allowedOrigins: allowOrigin,
    scope: scope?.join(' '),
  });
  return undefined;
};

const runRename: Action<ProfileOptions> = async (context, { to = '' }, name = '') => {
  const { checkProfileName } = await import('../../profile/profile.ts');
  const { withChangedProfile } = await import('../../profile/configuration.ts');
  const newName = checkProfileName(to);
  await change(context, name, (configuration) => {
    if (configuration.profiles.some((profile) => profile.name === newName)) {
      throw new CliError('usage', `there is a profile ${newName} already`);
    }
    return withChangedProfile(configuration, name, (one) => ({ ...one, name: newName }));
  });
  return undefined;
};

const runDelete: Action<ProfileOptions> = async (context, options, name = '') => {
  const { environment, output } = context;
  const profile = await find(context, name);
  const local = options.local === true;
  const { logout } = await import('../../flows/logout.ts');
  const { removeClient } = await import('../../flows/manage-client.ts');
  await logout(environment, profile, { local });
  const result = await removeClient(environment, profile, { local });
  if (output.isJson) await output.printJson({ profile: profile.name, result });
  else await output.report(`Deleted the profile ${profile.name}`);
  return undefined;
};

async function read({ environment }: CommandContext): Promise<Configuration> {
  const { readConfiguration } = await import('../../profile/configuration.ts');
  return readConfiguration(environment);
}

async function find(context: CommandContext, name: string): Promise<Profile> {
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  return requireProfile(await read(context), {}, name);
}

/** Under the configuration's lock, for a profile that is there. */
async function change(
  context: CommandContext,
  name: string,
  step: (configuration: Configuration) => Configuration,
): Promise<void> {
  const { findProfile } = await import('../../profile/resolve-profile.ts');
  const { updateConfiguration } = await import('../../profile/configuration.ts');
  await updateConfiguration(context.environment, (configuration) => {
    findProfile(configuration, {}, name);
    return step(configuration);
  });
}

async function toJson(profile: Profile, current: boolean): Promise<Record<string, unknown>> {
  const { profileToJson } = await import('../../profile/profile-json.ts');
  // Where its secrets are in the store is nobody's business.
  const { store_key: _storeKey, ...members } = profileToJson(profile);
  return { profile: profile.name, current, ...members };
}
