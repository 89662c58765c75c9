// The successful response of the token endpoint, as values of ours (RFC 6749 §5.1).

import type { TokenEndpointResponse as WireResponse } from 'oauth4webapi';
import { CliError } from '../errors.ts';

export type TokenEndpointResponse = {
  readonly accessToken: string;
  /** Lower case, as compared; RFC 6749 §7.1. */
  readonly tokenType: 'bearer' | 'dpop';
  /** Seconds from the receipt; undefined when the server does not say. */
  readonly expiresIn: number | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** As granted; undefined means as requested. */
  readonly scope: string | undefined;
};

/** No token is believed to live longer than this. */
const longestLifetime = 10 * 365 * 24 * 3600;

/**
 * Converts what oauth4webapi has checked, and checks what it is lenient about.
 * @throws CliError `protocol_violation`
 * @see RFC 6749 §5.1
 */
export function tokenEndpointResponse(
  wire: WireResponse,
  wireExpiresIn: unknown,
): TokenEndpointResponse {
  if (wire.token_type !== 'bearer') {
    throw new CliError(
      'protocol_violation',
      'the token endpoint returned a token of an unknown type',
    );
  }
  if (/[^\x21-\x7e]/.test(wire.access_token)) {
    throw new CliError(
      'protocol_violation',
      'the access token contains characters that no token has',
    );
  }
  return {
    accessToken: wire.access_token,
    tokenType: 'bearer',
    expiresIn: expiresInSeconds(wireExpiresIn),
    refreshToken: wire.refresh_token,
    idToken: wire.id_token,
    scope: wire.scope,
  };
}

function expiresInSeconds(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  const seconds = typeof value === 'string' && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof seconds !== 'number' || !Number.isFinite(seconds) || seconds < 0) {
    throw new CliError(
      'protocol_violation',
      'expires_in in the token response is not a number of seconds',
    );
  }
  return Math.min(Math.floor(seconds), longestLifetime);
}
