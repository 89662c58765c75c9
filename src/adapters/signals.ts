// SIGHUP, SIGINT and SIGTERM: the first one cancels the work in progress, the second one ends the process.

import { CancelledError } from '../errors.ts';

const signals = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;

export type Cancellation = {
  /** Aborted with a CancelledError as reason. */
  readonly signal: AbortSignal;
  /** Gives the signals back to the system. */
  dispose(): void;
};

export function createCancellation(): Cancellation {
  const controller = new AbortController();
  const dispose = () => {
    for (const name of signals) process.off(name, onSignal);
  };
  const onSignal = (name: (typeof signals)[number]) => {
    if (!controller.signal.aborted) {
      controller.abort(new CancelledError(name));
      return;
    }
    // Not process.exit(): it waits for native calls that never return. A shell sees 128 + the signal's number.
    dispose();
    process.kill(process.pid, name);
  };
  for (const name of signals) process.on(name, onSignal);
  return { signal: controller.signal, dispose };
}
