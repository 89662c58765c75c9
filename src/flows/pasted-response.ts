// The address that a browser on another machine ended on, pasted at the prompt while the listener waits.

import type { Callback, Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';

/**
 * Resolves with the response in a pasted address of the redirect URI; asks again for anything else. Never resolves
 * when the person gives up on pasting. The checks of the response itself come later, as for one at the listener.
 * @throws CancelledError on Ctrl-C; the signal's reason when it aborts
 */
export async function pastedResponse(
  { prompt }: Pick<Environment, 'prompt'>,
  request: Pick<AuthorizationRequest, 'redirectUri'>,
  refused: () => Promise<void>,
  signal: AbortSignal,
): Promise<Callback> {
  for (;;) {
    let answer;
    try {
      answer = await prompt.ask('Or paste the address that the browser ended on: ', signal);
    } catch (error) {
      if (!(error instanceof CliError) || error.code !== 'usage') throw error;
      return new Promise(() => undefined);
    }
    const parameters = responseIn(answer.trim(), request.redirectUri);
    if (parameters !== null) return { parameters, respond: async () => undefined };
    await refused();
  }
}

/** Null unless it is the redirect URI, byte for byte, with a query. */
function responseIn(pasted: string, redirectUri: string): URLSearchParams | null {
  if (!pasted.startsWith(`${redirectUri}?`)) return null;
  return new URLSearchParams(pasted.slice(redirectUri.length + 1).replace(/#.*$/, ''));
}
