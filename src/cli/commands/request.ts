// oauth-cli request: curl's command line, with the right token added.

import type { Environment } from '../../environment.ts';
import { CliError } from '../../errors.ts';
import { parseRequestArguments } from '../../flows/curl-arguments.ts';
import { requestResource } from '../../flows/request-resource.ts';
import { exitCodeOf } from '../exit-code.ts';
import { createOutput } from '../output.ts';
import { withPassphraseFile } from '../passphrase.ts';
import { tracingHttp } from '../trace-http.ts';

/** `args` without the command's name. @throws what the flow throws, but for -s, which silences errors as in curl */
export async function runRequest(outer: Environment, args: readonly string[]): Promise<number> {
  const request = parseRequestArguments(args);
  const { silent, showError, verbose } = request.options;
  const output = createOutput(outer, { quiet: silent });
  const traced = verbose ? tracingHttp(outer, output) : outer;
  const environment = withPassphraseFile(traced, request.passphraseFile);
  try {
    await requestResource(environment, request, (text) => output.warn(text));
    return 0;
  } catch (error) {
    if (silent && !showError && error instanceof CliError) return exitCodeOf(error);
    throw error;
  }
}
