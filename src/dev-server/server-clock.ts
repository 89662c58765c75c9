// The clock of one server, which tests may advance. The library reads Date.now, so that is what gives the shifted time,
// but only to code that runs for a request of this server: a test suite in the same process keeps its own time.

import { AsyncLocalStorage } from 'node:async_hooks';

export interface ServerClock {
  advance(seconds: number): void;
  /** Back to the real time. */
  reset(): void;
  /** Runs what serves a request. */
  run(act: () => void): void;
  /** Takes the shift out of Date.now. */
  close(): void;
}

export function createServerClock(): ServerClock {
  const inside = new AsyncLocalStorage<true>();
  let milliseconds = 0;
  let original: typeof Date.now | null = null;
  let shifted: typeof Date.now | null = null;

  return {
    advance(seconds) {
      milliseconds += seconds * 1000;
      if (original !== null) return;
      const real = Date.now;
      original = real;
      shifted = () => real() + (inside.getStore() === true ? milliseconds : 0);
      Date.now = shifted;
    },
    reset: () => void (milliseconds = 0),
    run: (act) => inside.run(true, act),
    close() {
      if (original !== null && Date.now === shifted) Date.now = original;
      milliseconds = 0;
    },
  };
}
