// oauth-cli store migrate: every profile's secrets to another store.

import type { Command } from 'commander';
import { CliError } from '../../errors.ts';
import { checkStoreKind } from '../../profile/profile.ts';
import type { CommandContext, CommonOptions, Frame } from '../command.ts';
import { passphraseOption, withAction } from '../command.ts';
import { withPassphrasePrompt } from '../passphrase.ts';

type MigrateOptions = CommonOptions & { readonly to: string };

export function addStoreCommand(program: Command, frame: Frame): void {
  const store = program.command('store').description('where secrets are kept');
  const migrate = store
    .command('migrate')
    .description('move the secrets of every profile to another store')
    .requiredOption('--to <store>', 'keychain, file (encrypted) or plaintext')
    .addOption(passphraseOption())
    .addHelpText(
      'after',
      `
Each profile is copied, read back, and only then deleted where it was.

Example:
  OAUTH_CLI_PASSPHRASE=… oauth-cli store migrate --to file
`,
    );
  withAction<MigrateOptions>(frame, migrate, runMigrate);
}

async function runMigrate(
  { environment, output }: CommandContext,
  options: MigrateOptions,
): Promise<undefined> {
  const { migrateStore } = await import('../../flows/migrate-store.ts');
  const to = checkStoreKind(options.to);
  if (to === 'memory') {
    throw new CliError('usage', 'secrets in the memory store would be gone when the command ends');
  }
  const moved = await migrateStore(withPassphrasePrompt(environment), to);
  if (output.isJson) {
    await output.printJson({ store: to, profiles: moved.map(({ name }) => name) });
    return undefined;
  }
  for (const { name, store } of moved)
    await output.report(`${name}: moved from the ${store} store to ${to}`);
  if (moved.length === 0) await output.report(`Every profile is in the ${to} store already`);
  return undefined;
}
