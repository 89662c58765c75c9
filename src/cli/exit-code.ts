// The exit codes of the contract; a new error code without one does not compile.

import type { ErrorCode } from '../errors.ts';
import { CancelledError, CliError } from '../errors.ts';

const exitCodes: Record<Exclude<ErrorCode, 'cancelled'>, number> = {
  internal: 1,
  usage: 2,
  login_required: 3,
  authorization_denied: 4,
  oauth_error: 5,
  protocol_violation: 6,
  network: 7,
  store_unavailable: 8,
  jwt_invalid: 9,
  http_status: 22,
  timeout: 28,
};

const signalNumbers = { SIGHUP: 1, SIGINT: 2, SIGTERM: 15 } as const;

export function exitCodeOf(error: unknown): number {
  if (error instanceof CancelledError) return 128 + signalNumbers[error.signal];
  if (!(error instanceof CliError)) return exitCodes.internal;
  return error.code === 'cancelled' ? 128 + signalNumbers.SIGINT : exitCodes[error.code];
}

/** The exit code of a command that has told its result already. */
export function exitCodeFor(code: Exclude<ErrorCode, 'cancelled'>): number {
  return exitCodes[code];
}
