// The failures of an OS keychain, each with its way out.

import type { StoreFailure } from '../../errors.ts';
import { StoreError } from '../../errors.ts';

const otherStore = 'use --store file or --store plaintext';

const hints: Readonly<Record<StoreFailure, string>> = {
  missing: `install and start gnome-keyring or another keychain, or ${otherStore}`,
  locked: `unlock the keychain, or ${otherStore}`,
  denied: `allow the access, or ${otherStore}`,
  timed_out: `see whether the keychain waits for an answer in a window of its own, or ${otherStore}`,
  too_large: otherStore,
  corrupt: 'log in again',
  failed: `restart the keychain, or ${otherStore}`,
};

/** A StoreError with the hint for its reason. */
export function keychainError(reason: StoreFailure, message: string, cause?: unknown): StoreError {
  return new StoreError(reason, message, { hint: hints[reason], cause });
}
