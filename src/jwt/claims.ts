// The registered claims: times, issuer and audience (RFC 7519 §4.1).

import { CliError } from '../errors.ts';
import type { JsonObject } from '../strict-json.ts';

/**
 * Checks `exp`, `nbf` and `iat` where they are present; all arguments in seconds.
 * @throws CliError `jwt_invalid` when one is no finite number of at least 0, past or ahead by more than the leeway
 * @see RFC 7519 §4.1.4–4.1.6
 */
export function checkTimes(payload: JsonObject, now: number, leeway: number): void {
  const exp = findTime(payload, 'exp');
  const nbf = findTime(payload, 'nbf');
  findTime(payload, 'iat');
  if (exp !== null && now >= exp + leeway) {
    throw invalid(`it expired at ${new Date(exp * 1000).toISOString()} (exp)`);
  }
  if (nbf !== null && now < nbf - leeway) throw invalid('it is not valid yet (nbf)');
}

/**
 * A claim that holds an instant, in seconds since 1970; null when it is absent.
 * @throws CliError `jwt_invalid` when it is anything but a finite number of at least 0
 */
export function findTime(payload: JsonObject, name: string): number | null {
  const value = payload[name];
  if (value === undefined) return null;
  if (typeof value !== 'number' || !Number.isFinite(value) || value < 0) {
    throw invalid(`its ${name} is not a time in seconds`);
  }
  return value;
}

/**
 * The issuer must be equal, character by character.
 * @throws CliError `jwt_invalid`
 * @see RFC 7519 §4.1.1
 */
export function checkIssuer(payload: JsonObject, issuer: string): void {
  if (payload['iss'] !== issuer) throw invalid('it is from another issuer (iss)');
}

/**
 * The audience must be, or contain, exactly this one; returns all of them.
 * @throws CliError `jwt_invalid`
 * @see RFC 7519 §4.1.3
 */
export function checkAudience(payload: JsonObject, audience: string): readonly string[] {
  const value = payload['aud'];
  const audiences: readonly unknown[] = Array.isArray(value) ? value : [value];
  if (!isStrings(audiences)) throw invalid('its audience (aud) is no string or array of strings');
  if (!audiences.includes(audience)) throw invalid('it is for another audience (aud)');
  return audiences;
}

function isStrings(values: readonly unknown[]): values is readonly string[] {
  return values.every((value) => typeof value === 'string');
}

function invalid(reason: string): CliError {
  return new CliError('jwt_invalid', reason);
}
