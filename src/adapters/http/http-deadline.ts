// The time limits and the abort signal of one HTTP exchange, by timers that no clock change moves.

import type { HttpRequest } from '../../environment.ts';
import { CliError } from '../../errors.ts';

export interface Deadline {
  /** The connection is there: only the total limit is left. */
  connected(): void;
  /** Nothing is limited any more. Safe to call twice. */
  end(): void;
  /** Why the exchange was stopped; undefined when it was not. */
  stopped(): unknown;
}

/** Starts the clocks now and calls `stop` at most once, when one of them or the signal ends the exchange. */
export function startDeadline(request: HttpRequest, stop: (error: Error) => void): Deadline {
  const { connectTimeout, timeout, signal, url } = request;
  let reason: unknown;
  const stopWith = (why: unknown): void => {
    end();
    reason = why;
    stop(why instanceof Error ? why : new Error('aborted'));
  };
  const abort = (): void => stopWith(signal?.reason);
  const connecting = startTimer(connectTimeout, (limit) =>
    stopWith(timedOut(`no connection to ${url.host} within ${limit}`)),
  );
  const total = startTimer(timeout, (limit) =>
    stopWith(timedOut(`no complete response from ${url.host} within ${limit}`)),
  );
  const end = (): void => {
    clearTimeout(connecting);
    clearTimeout(total);
    signal?.removeEventListener('abort', abort);
  };
  signal?.addEventListener('abort', abort, { once: true });
  return { connected: () => clearTimeout(connecting), end, stopped: () => reason };
}

function startTimer(
  milliseconds: number | undefined,
  expired: (limit: string) => void,
): NodeJS.Timeout | undefined {
  if (milliseconds === undefined) return undefined;
  // A longer delay would fire at once.
  const delay = Math.min(milliseconds, 2 ** 31 - 1);
  return setTimeout(() => expired(`${milliseconds / 1000} s`), delay);
}

function timedOut(message: string): CliError {
  return new CliError('timeout', message);
}
