// oauth-cli client: the clients that logins use, registered here or elsewhere.

import type { Command } from 'commander';
import type { Environment } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import type { NewClientInput } from '../../flows/register-client.ts';
import type { Profile } from '../../profile/profile.ts';
import { checkStoreKind } from '../../profile/profile.ts';
import { sanitize } from '../../sanitize.ts';
import { JsonError, readJsonObject, readUtf8 } from '../../strict-json.ts';
import type { Action, CommandContext, Frame } from '../command.ts';
import {
  collect,
  listOrVariable,
  optionOrVariable,
  optionWithVariable,
  withAction,
} from '../command.ts';
import { wholeNumber } from '../option-values.ts';
import type { Output, OutputOptions } from '../output.ts';
import { readSecret } from '../secret-input.ts';

type NewClientOptions = OutputOptions & {
  readonly profile?: string;
  readonly issuer?: string;
  readonly metadata?: string;
  readonly endpoint?: readonly string[];
  readonly scope?: readonly string[];
  readonly port?: string;
  readonly redirectUri?: string;
  readonly store?: string;
};

type RegisterOptions = NewClientOptions & {
  readonly name?: string;
  readonly clientAuth?: string;
  readonly clientMetadata?: string;
  readonly initialAccessTokenFile?: string;
  readonly softwareStatementFile?: string;
};

type AddOptions = NewClientOptions & {
  readonly clientId?: string;
  readonly clientSecretStdin?: boolean;
  readonly clientSecretFile?: string;
  readonly clientAuth?: string;
};

type ProfileOptions = OutputOptions & {
  readonly profile?: string;
  readonly local?: boolean;
  readonly name?: string;
  readonly clientMetadata?: string;
};

export function addClientCommand(program: Command, frame: Frame): void {
  const client = program
    .command('client')
    .description('register, add, show, change and delete clients');
  addRegister(client, frame);
  addAdd(client, frame);
  withAction<OutputOptions>(
    frame,
    client.command('list').description('list the client of every profile'),
    runList,
  );
  const show = ofProfile(client, 'show', 'show what the server has registered');
  withAction<ProfileOptions>(
    frame,
    show.option('--local', 'only what is stored here; contacts nobody'),
    runShow,
  );
  const update = ofProfile(client, 'update', 'change the registration at the server (RFC 7592)');
  withAction<ProfileOptions>(frame, withClientMetadata(update), runUpdate);
  const remove = ofProfile(
    client,
    'delete',
    'delete the client at the server and the profile with all its secrets here',
  );
  withAction<ProfileOptions>(
    frame,
    remove.option('--local', 'delete it here only, without telling the server'),
    runDelete,
  );
}

function addRegister(client: Command, frame: Frame): void {
  const command = newClient(client, 'register', 'register a client at the server (RFC 7591)')
    .option('--client-auth <method>', 'how it authenticates (default: none)')
    .option('--initial-access-token-file <path>', 'what a closed server wants to see')
    .option('--software-statement-file <path>', 'a signed statement about this software');
  withAction<RegisterOptions>(frame, withClientMetadata(command), runRegister);
}

function addAdd(client: Command, frame: Frame): void {
  const command = newClient(client, 'add', 'make a client known that was registered elsewhere')
    .addOption(optionWithVariable('--client-id <id>', 'its id', 'OAUTH_CLI_CLIENT_ID'))
    .option('--client-secret-stdin', 'read its secret from stdin (or OAUTH_CLI_CLIENT_SECRET)')
    .option('--client-secret-file <path>', 'read its secret from a file')
    .addOption(
      optionWithVariable('--client-auth <method>', 'how it authenticates', 'OAUTH_CLI_CLIENT_AUTH'),
    );
  withAction<AddOptions>(frame, command, runAdd);
}

function newClient(client: Command, name: string, description: string): Command {
  return client
    .command(name)
    .argument('<target>', 'an issuer, the URL of an API, or a preset')
    .description(description)
    .option('--profile <name>', 'what to call it (default: the target’s host)')
    .option('--issuer <url>', 'the authorization server, where the target is an API')
    .option('--metadata <url|file>', 'the server’s metadata, where it has no discovery')
    .option('--endpoint <name=url>', 'an endpoint that its metadata lack; repeatable', collect)
    .option('--scope <scope>', 'the scope of its logins; repeatable', collect)
    .option('--port <port>', 'a fixed port, for servers that compare redirect URIs exactly')
    .option('--redirect-uri <uri>', 'http://127.0.0.1:<port>/<path>, the same with the path')
    .addOption(
      optionWithVariable(
        '--store <store>',
        'keychain, file (encrypted) or plaintext',
        'OAUTH_CLI_STORE',
      ),
    );
}

function ofProfile(client: Command, name: string, description: string): Command {
  return client
    .command(name)
    .argument('[profile]', 'whose client (OAUTH_CLI_PROFILE; default: the current one)')
    .description(description)
    .option('--profile <name>', 'the same as the argument');
}

function withClientMetadata(command: Command): Command {
  return command
    .option('--name <name>', 'the name that people see when they consent (client_name)')
    .option('--client-metadata <file>', 'a JSON object of client metadata (RFC 7591 §2)');
}

const runRegister: Action<RegisterOptions> = async (context, options, target = '') => {
  const { environment } = context;
  const { registerNewClient } = await import('../../flows/register-client.ts');
  const secretFile = (file: string | undefined, variable: string) =>
    readSecret(environment, { stdin: false, file, variable });
  const profile = await registerNewClient(
    environment,
    {
      ...newClientInput(environment, options, target),
      clientMetadata: {
        ...(await clientMetadata(environment, options)),
        ...(options.clientAuth === undefined
          ? {}
          : { token_endpoint_auth_method: options.clientAuth }),
      },
      initialAccessToken: await secretFile(
        options.initialAccessTokenFile,
        'OAUTH_CLI_INITIAL_ACCESS_TOKEN',
      ),
      softwareStatement: await secretFile(
        options.softwareStatementFile,
        'OAUTH_CLI_SOFTWARE_STATEMENT',
      ),
    },
    unlocking(context.output),
  );
  await tellNew(context.output, profile, 'Registered');
  return undefined;
};

const runAdd: Action<AddOptions> = async (context, options, target = '') => {
  const { environment, output } = context;
  const clientId = optionOrVariable(environment, options.clientId, 'OAUTH_CLI_CLIENT_ID');
  if (clientId === undefined) throw new CliError('usage', 'client add needs --client-id');
  const { addClient } = await import('../../flows/register-client.ts');
  const profile = await addClient(
    environment,
    {
      ...newClientInput(environment, options, target),
      clientId,
      clientSecret: await readSecret(environment, {
        stdin: options.clientSecretStdin === true,
        file: options.clientSecretFile,
        variable: 'OAUTH_CLI_CLIENT_SECRET',
      }),
      clientAuthentication: optionOrVariable(
        environment,
        options.clientAuth,
        'OAUTH_CLI_CLIENT_AUTH',
      ),
    },
    unlocking(output),
  );
  await tellNew(output, profile, 'Added');
  return undefined;
};

const runList: Action<OutputOptions> = async ({ environment, output }) => {
  const { readConfiguration } = await import('../../profile/configuration.ts');
  const { profiles } = await readConfiguration(environment);
  for (const profile of profiles) {
    if (output.isJson) await output.printJson(toJson(profile));
    else
      await output.print(
        `${output.paint.bold(profile.name)}  ${sanitize(profile.clientId)}  ${sanitize(profile.issuer)}`,
      );
  }
  return undefined;
};

const runShow: Action<ProfileOptions> = async (context, options, name) => {
  const profile = await profileOf(context, options, name);
  const { showClient } = await import('../../flows/manage-client.ts');
  const shown = options.local === true ? null : await showClient(context.environment, profile);
  await print(context.output, { ...toJson(profile), registration: shown ?? undefined });
  return undefined;
};

const runUpdate: Action<ProfileOptions> = async (context, options, name) => {
  const changes = await clientMetadata(context.environment, options);
  if (Object.keys(changes).length === 0) {
    throw new CliError('usage', 'there is nothing to change', {
      hint: 'give --name or --client-metadata',
    });
  }
  const profile = await profileOf(context, options, name);
  const { changeClient } = await import('../../flows/manage-client.ts');
  const shown = await changeClient(context.environment, profile, changes);
  await print(context.output, { ...toJson(profile), registration: shown });
  return undefined;
};

const runDelete: Action<ProfileOptions> = async (context, options, name) => {
  const { environment, output } = context;
  const profile = await profileOf(context, options, name);
  const { removeClient } = await import('../../flows/manage-client.ts');
  const result = await removeClient(environment, profile, { local: options.local === true });
  if (output.isJson) await output.printJson({ profile: profile.name, result });
  else if (result === 'deleted') {
    await output.report(`Deleted the client at ${sanitize(profile.issuer)} and here`);
  } else await output.report(`Deleted here; the server still knows ${sanitize(profile.clientId)}`);
  return undefined;
};

async function profileOf(
  { environment }: CommandContext,
  options: ProfileOptions,
  name: string | undefined,
): Promise<Profile> {
  const { readConfiguration } = await import('../../profile/configuration.ts');
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  const configuration = await readConfiguration(environment);
  return requireProfile(configuration, environment.variables, name ?? options.profile);
}

function newClientInput(
  environment: Environment,
  options: NewClientOptions,
  target: string,
): NewClientInput {
  const store = optionOrVariable(environment, options.store, 'OAUTH_CLI_STORE');
  return {
    target,
    profileName: optionOrVariable(environment, options.profile, 'OAUTH_CLI_PROFILE'),
    issuer: options.issuer,
    metadata: options.metadata,
    endpoints: options.endpoint ?? [],
    scope: listOrVariable(environment, options.scope, 'OAUTH_CLI_SCOPE')?.join(' '),
    port: options.port === undefined ? undefined : wholeNumber('--port', options.port, 65_535),
    redirectUri: options.redirectUri,
    store: store === undefined ? undefined : checkStoreKind(store),
  };
}

async function clientMetadata(
  { userFiles }: Environment,
  options: { readonly name?: string; readonly clientMetadata?: string },
): Promise<Readonly<Record<string, unknown>>> {
  const file = options.clientMetadata;
  const name = options.name === undefined ? {} : { client_name: options.name };
  if (file === undefined) return name;
  try {
    return { ...readJsonObject(readUtf8(await userFiles.read(file, 65_536))), ...name };
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CliError('usage', `${file} holds no client metadata: ${error.message}`);
  }
}

function unlocking(output: Output): { waitingForUnlock(): Promise<void> } {
  return {
    waitingForUnlock: () =>
      output.report('Your keychain is locked: please unlock it in the window that opens.'),
  };
}

async function tellNew(output: Output, profile: Profile, done: string): Promise<void> {
  if (output.isJson) {
    await output.printJson(toJson(profile));
    return;
  }
  const { green, dim } = output.reportPaint;
  await output.report(
    `${green('✓')} ${done} the client ${sanitize(profile.clientId)} at ${sanitize(profile.issuer)}`,
  );
  await output.report(dim(`  Next: oauth-cli login --profile ${profile.name}`));
}

function toJson(profile: Profile): Record<string, unknown> {
  return {
    profile: profile.name,
    issuer: profile.issuer,
    client_id: profile.clientId,
    client_auth: profile.clientAuthentication,
    redirect_uri: profile.redirectUri,
    registered: profile.registered,
  };
}

async function print(output: Output, document: Record<string, unknown>): Promise<void> {
  if (output.isJson) await output.printJson(document);
  else {
    await output.print(
      sanitize(JSON.stringify(document, null, 2), { multiline: true, maxLength: Infinity }),
    );
  }
}
