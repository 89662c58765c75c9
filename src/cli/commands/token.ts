// oauth-cli token: the access token on stdout, fresh; never a prompt, never a browser.

import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import type { CommandContext, Frame } from '../command.ts';
import { namedProfile, passphraseOption, withAction } from '../command.ts';
import { wholeNumber } from '../option-values.ts';
import type { OutputOptions } from '../output.ts';
import { tokenTypeName } from '../token-type-name.ts';

type TokenOptions = OutputOptions & {
  readonly profile?: string;
  readonly minTtl: string;
  readonly refresh?: boolean;
  readonly idToken?: boolean;
  readonly header?: boolean;
};

export function addTokenCommand(program: Command, frame: Frame): void {
  const command = program
    .command('token')
    .argument('[profile]', 'the profile (OAUTH_CLI_PROFILE; default: the current one)')
    .description('print a fresh access token, refreshing it first if needed')
    .addOption(passphraseOption())
    .option('--profile <name>', 'the same as the argument')
    .option('--min-ttl <seconds>', 'how long it must still be valid', '60')
    .option('--refresh', 'refresh it in any case')
    .option('--id-token', 'print the ID token instead')
    .option('--header', 'print the Authorization header');
  withAction<TokenOptions>(frame, command, runToken);
}

async function runToken(
  { environment, output }: CommandContext,
  options: TokenOptions,
  name: string | undefined,
): Promise<undefined> {
  const { readConfiguration } = await import('../../profile/configuration.ts');
  const { requireProfile } = await import('../../profile/resolve-profile.ts');
  const { obtainAccessToken } = await import('../../flows/obtain-access-token.ts');
  const profile = requireProfile(
    await readConfiguration(environment),
    environment.variables,
    namedProfile(name, options.profile),
  );
  const tokens = await obtainAccessToken(environment, profile, {
    minimumLifetime: wholeNumber('--min-ttl', options.minTtl, 999_999_999),
    force: options.refresh === true,
  });
  const type = tokenTypeName(tokens.tokenType);
  if (options.idToken === true) {
    if (tokens.idToken === undefined) {
      throw new CliError('login_required', 'this login has no ID token', {
        hint: `oauth-cli login --profile ${profile.name} --scope openid`,
      });
    }
    if (output.isJson) await output.printJson({ id_token: tokens.idToken, profile: profile.name });
    else await output.print(tokens.idToken);
  } else if (output.isJson) {
    await output.printJson({
      access_token: tokens.accessToken,
      token_type: type,
      expires_at:
        tokens.expiresAt === undefined ? undefined : new Date(tokens.expiresAt).toISOString(),
      scope: tokens.scope,
      profile: profile.name,
    });
  } else {
    await output.print(
      options.header === true ? `Authorization: ${type} ${tokens.accessToken}` : tokens.accessToken,
    );
  }
  return undefined;
}
