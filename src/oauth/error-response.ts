// Error responses of endpoints that a client calls directly (RFC 6749 §5.2), and the translation of the
// library's errors.

import * as oauth from 'oauth4webapi';
import { CliError, OAuthError } from '../errors.ts';
import { sanitizeErrorText } from '../sanitize.ts';

/**
 * Returns when the response is a success and otherwise throws what the body says, or at least the status:
 * servers answer with HTML, with nothing and with anything.
 * @throws OAuthError `oauth_error`
 * @see RFC 6749 §5.2
 */
export async function refuseErrorResponse(
  response: Response,
  endpoint: string,
  success: readonly number[] = [200],
): Promise<void> {
  if (success.includes(response.status)) return;
  const body = await readErrorBody(response);
  throw errorResponse(body, endpoint, response.status, retryAfterOf(response));
}

/** The error that a body tells, or at least the status. @see RFC 6749 §5.2 */
export function errorResponse(
  body: Readonly<Record<string, unknown>>,
  endpoint: string,
  status: number,
  retryAfter?: number,
): OAuthError {
  const error = textOf(body['error']);
  if (error === undefined) {
    return new OAuthError(
      'oauth_error',
      `the ${endpoint} answered with status ${status} and no error code`,
      { error: '', status, retryAfter },
      { hint: statusHint(status) },
    );
  }
  const errorDescription = textOf(body['error_description']);
  return new OAuthError(
    'oauth_error',
    `the ${endpoint} refused: ${errorText(error, errorDescription)}`,
    { error, errorDescription, errorUri: textOf(body['error_uri']), status, retryAfter },
    { hint: errorHint(error) },
  );
}

/** An error code and its description for a message, with what RFC 6749 §5.2 does not allow in them escaped. */
export function errorText(error: string, errorDescription: string | undefined): string {
  const code = sanitizeErrorText(error);
  return errorDescription === undefined ? code : `${code} (${sanitizeErrorText(errorDescription)})`;
}

/** Runs a step of oauth4webapi and turns its errors into ours; the library's own texts carry no values. */
export async function translateLibraryErrors<T>(step: () => T | Promise<T>): Promise<T> {
  try {
    return await step();
  } catch (error) {
    if (error instanceof CliError) throw error;
    if (
      error instanceof oauth.OperationProcessingError ||
      error instanceof oauth.UnsupportedOperationError
    ) {
      throw new CliError('protocol_violation', error.message, { cause: withoutValues(error) });
    }
    throw error;
  }
}

/** The library's errors hold the whole response in `cause`; only their code and stack are kept. */
function withoutValues(error: { message: string; stack?: string }): Error {
  const copy = new Error(error.message);
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}

async function readErrorBody(response: Response): Promise<Record<string, unknown>> {
  try {
    const body = JSON.parse(await response.text()) as unknown;
    return typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

/** Seconds, given as such or as a date, which is taken by the server's own clock. @see RFC 9110 §10.2.3 */
function retryAfterOf({ headers }: Response): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? '';
  if (/^\d{1,9}$/.test(value)) return Number(value);
  const seconds = (Date.parse(value) - Date.parse(headers.get('date') ?? '')) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, seconds);
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function statusHint(status: number): string | undefined {
  if (status === 401 || status === 403) return 'the server did not accept the client';
  if (status === 429 || status >= 500) return 'the server is busy or broken; try again later';
  return undefined;
}

const hints: Readonly<Record<string, string>> = {
  invalid_client:
    'the server may have forgotten the client: log in again; otherwise check --client-id, the client secret and --client-auth',
  unauthorized_client: 'the client is not registered for this grant',
  invalid_scope: 'ask for other scopes with --scope',
  invalid_target: 'the server does not know the resource given with --resource',
  temporarily_unavailable: 'try again later',
  server_error: 'try again later',
  slow_down: 'try again later',
};

function errorHint(error: string): string | undefined {
  return Object.hasOwn(hints, error) ? hints[error] : undefined;
}
