// The text output of `decode`: what has expired, then header and claims; everything in it is escaped.

import { displayWidth, sanitize } from '../sanitize.ts';
import type { JsonObject, JsonValue } from '../strict-json.ts';
import { isJsonObject } from '../strict-json.ts';
import type { Paint } from './paint.ts';
import { localTime, relativeTime } from './relative-time.ts';

/** Header and claims set of a JWT, as `decodeJws` returns them. */
export type DecodedToken = { readonly header: JsonObject; readonly payload: JsonObject };

export type RenderOptions = {
  /** Milliseconds since 1970. */
  readonly now: number;
  readonly paint: Paint;
};

/** Several lines without a final line feed; no line is shortened. */
export function renderDecodedToken(decoded: DecodedToken, { now, paint }: RenderOptions): string {
  return [
    ...validity(decoded.payload, now, paint),
    '',
    paint.bold('header'),
    ...listing(decoded.header, now, paint),
    '',
    paint.bold('claims'),
    ...listing(decoded.payload, now, paint),
  ].join('\n');
}

function validity({ exp, nbf }: JsonObject, now: number, paint: Paint): string[] {
  const lines: string[] = [];
  if (typeof nbf === 'number' && nbf * 1000 > now) {
    lines.push(paint.yellow(`not valid yet, becomes valid ${relativeTime(now, nbf * 1000)}`));
  } else if (nbf !== undefined && typeof nbf !== 'number') {
    lines.push(paint.red('when it becomes valid is not a number (nbf)'));
  }
  if (exp === undefined) lines.push(paint.yellow('never expires (no exp)'));
  else if (typeof exp !== 'number') lines.push(paint.red('when it expires is not a number (exp)'));
  else if (exp * 1000 <= now) lines.push(paint.red(`expired ${relativeTime(now, exp * 1000)}`));
  else lines.push(paint.green(`expires ${relativeTime(now, exp * 1000)}`));
  return lines;
}

const times = ['exp', 'iat', 'nbf', 'auth_time'];
const widestName = 24;
const widestValue = 80;

function listing(members: JsonObject, now: number, paint: Paint): string[] {
  const names = Object.keys(members).map((name) => ({ name, shown: memberName(name) }));
  const widths = names.map(({ shown }) => displayWidth(shown));
  // A hostile name must not push every other value out of sight.
  const column = Math.max(0, ...widths.filter((width) => width <= widestName));
  return names.map(({ name, shown }, index) => {
    const value = members[name] ?? null;
    const padding = ' '.repeat(Math.max(0, column - (widths[index] ?? 0)));
    const time = times.includes(name) && typeof value === 'number' ? timeNote(value, now) : '';
    return `  ${paint.cyan(shown)}${padding}  ${render(value, '  ', paint)}${paint.dim(time)}`;
  });
}

function timeNote(seconds: number, now: number): string {
  const local = localTime(seconds * 1000);
  return local === null ? '' : `  ${local}, ${relativeTime(now, seconds * 1000)}`;
}

/** A name is bare where that is clear and quoted where it is not. */
function memberName(name: string): string {
  return /^[\w:/.#@-]+$/.test(name) ? name : quoted(name);
}

/** JSON, on one line where it fits. */
function render(value: JsonValue, indent: string, paint: Paint): string {
  if (typeof value === 'string') return paint.green(quoted(value));
  if (typeof value !== 'object' || value === null) return paint.yellow(String(value));
  const [open, close] = isJsonObject(value) ? '{}' : '[]';
  const inner = `${indent}  `;
  const members = isJsonObject(value)
    ? Object.entries(value).map(
        ([name, member]) => `${paint.cyan(quoted(name))}: ${render(member, inner, paint)}`,
      )
    : value.map((element) => render(element, inner, paint));
  if (fitsOneLine(value)) return `${open}${members.join(', ')}${close}`;
  return `${open}\n${members.map((member) => inner + member).join(',\n')}\n${indent}${close}`;
}

function fitsOneLine(value: JsonValue): boolean {
  return displayWidth(quoteControls(JSON.stringify(value))) <= widestValue;
}

/** JSON escapes C0 controls, quotes and lone surrogates; the sanitizer escapes the rest. */
function quoted(text: string): string {
  return quoteControls(JSON.stringify(text));
}

function quoteControls(json: string): string {
  return sanitize(json, { maxLength: Infinity });
}
