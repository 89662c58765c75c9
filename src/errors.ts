// The errors that users see. Thrown where the fact is known, caught once, in cli/run.ts.
// Anything that is not a CliError is a bug and ends with exit 1.

export type ErrorCode =
  | 'internal'
  | 'usage'
  | 'login_required'
  | 'authorization_denied'
  | 'oauth_error'
  | 'protocol_violation'
  | 'network'
  | 'store_unavailable'
  | 'jwt_invalid'
  | 'http_status'
  | 'timeout'
  | 'cancelled';

export type ErrorOptions = {
  /** What the user can do about it, lower case, no full stop. */
  readonly hint?: string | undefined;
  /** The underlying error; printed only with OAUTH_CLI_DEBUG=1. */
  readonly cause?: unknown;
};

/** An expected failure: a stable code, one line of what happened, and where there is one a way out. */
export class CliError extends Error {
  override readonly name: string = 'CliError';
  readonly code: ErrorCode;
  readonly hint: string | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.hint = options.hint;
  }
}

/** The fields of an error response as they came over the wire (RFC 6749 §4.1.2.1 and §5.2); unsanitized. */
export type OAuthErrorFields = {
  readonly error: string;
  readonly errorDescription?: string | undefined;
  readonly errorUri?: string | undefined;
  /** HTTP status; absent for an authorization error response. */
  readonly status?: number | undefined;
  /** Seconds that the server asks to wait; RFC 9110 §10.2.3. */
  readonly retryAfter?: number | undefined;
};

/** An error response of an authorization server. */
export class OAuthError extends CliError {
  override readonly name = 'OAuthError';
  readonly fields: OAuthErrorFields;

  constructor(
    code: 'authorization_denied' | 'oauth_error',
    message: string,
    fields: OAuthErrorFields,
    options: ErrorOptions = {},
  ) {
    super(code, message, options);
    this.fields = fields;
  }
}

/** Nobody reads standard output any more (EPIPE): the work is undone in order, and the exit code is 0. */
export class OutputClosedError extends Error {
  override readonly name = 'OutputClosedError';
}

/** A signal that ends the process; the exit code is 128 + the signal's number. */
export class CancelledError extends CliError {
  override readonly name = 'CancelledError';
  readonly signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM';

  constructor(signal: 'SIGHUP' | 'SIGINT' | 'SIGTERM') {
    super('cancelled', `cancelled by ${signal}`);
    this.signal = signal;
  }
}

export type StoreFailure =
  'missing' | 'locked' | 'denied' | 'timed_out' | 'too_large' | 'corrupt' | 'failed';

/** A store of secrets or the state directory that cannot be used. */
export class StoreError extends CliError {
  override readonly name = 'StoreError';
  readonly reason: StoreFailure;

  constructor(reason: StoreFailure, message: string, options: ErrorOptions = {}) {
    super('store_unavailable', message, options);
    this.reason = reason;
  }
}
