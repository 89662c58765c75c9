// The passphrase of the file store: OAUTH_CLI_PASSPHRASE, --passphrase-file, or at a login or a migration a prompt.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import { readSecret } from './secret-input.ts';

type Variables = Environment['variables'];

/** Never asks: for commands in scripts. */
export function passphraseFrom(variables: Variables): () => Promise<string> {
  return async () => {
    const value = variables['OAUTH_CLI_PASSPHRASE'] ?? '';
    if (value !== '') return value;
    throw new StoreError('locked', 'the file store needs its passphrase', {
      hint: 'set OAUTH_CLI_PASSPHRASE, or give --passphrase-file',
    });
  };
}

/** The environment with the passphrase from a file where one was named. */
export function withPassphraseFile(
  environment: Environment,
  file: string | undefined,
): Environment {
  if (file === undefined) return environment;
  const sources = { stdin: false, file, variable: '' };
  return {
    ...environment,
    passphrase: once(async () => (await readSecret(environment, sources)) ?? ''),
  };
}

/** The environment in which the person at the terminal is asked when no other source has the passphrase. */
export function withPassphrasePrompt(environment: Environment): Environment {
  if (!environment.stdin.isTTY || !environment.stderr.isTTY) return environment;
  return {
    ...environment,
    passphrase: once(async () => {
      try {
        return await environment.passphrase();
      } catch (error) {
        if (!(error instanceof StoreError) || error.reason !== 'locked') throw error;
        return environment.prompt.askSecret('Passphrase of the file store: ');
      }
    }),
  };
}

function once<T>(get: () => Promise<T>): () => Promise<T> {
  let value: Promise<T> | undefined;
  return () => (value ??= get());
}
