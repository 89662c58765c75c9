// oauth-cli request: curl's command line, with the right token added.

import type { Environment } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import { parseRequestArguments } from '../../flows/curl-arguments.ts';
import { requestResource } from '../../flows/request-resource.ts';
import { exitCodeOf } from '../exit-code.ts';
import { createOutput } from '../output.ts';
import { withPassphraseFile } from '../passphrase.ts';

/** `args` without the command's name. @throws what the flow throws, but for -s, which silences errors as in curl */
export async function runRequest(outer: Environment, args: readonly string[]): Promise<number> {
  const request = parseRequestArguments(args);
  const environment = withPassphraseFile(outer, request.passphraseFile);
  const { silent, showError } = request.options;
  const output = createOutput(environment, { quiet: silent });
  try {
    await requestResource(environment, request, (text) => output.warn(text));
    return 0;
  } catch (error) {
    if (silent && !showError && error instanceof CliError) return exitCodeOf(error);
    throw error;
  }
}
