// Reads JSON that somebody else wrote: JSON.parse with limits, without duplicate names and without a BOM.
// RFC 8259; RFC 7493 §2.3 (duplicate names), RFC 8725 §3.7 (UTF-8 only).

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | JsonObject;
export type JsonObject = { readonly [name: string]: JsonValue };

export type JsonLimits = {
  /** Nested arrays and objects. */
  readonly maxDepth?: number | undefined;
  /** Object members and array elements in the whole document. */
  readonly maxMembers?: number | undefined;
  /** UTF-16 code units between two quotes, escapes counted as written. */
  readonly maxStringLength?: number | undefined;
};

/** JSON that is malformed or over a limit; the message never repeats a part of the document. */
export class JsonError extends Error {
  override readonly name = 'JsonError';
  /** Index into the text, in UTF-16 code units. */
  readonly position: number;

  constructor(message: string, position: number) {
    super(message);
    this.position = position;
  }
}

/**
 * What JSON.parse returns: a member `__proto__` is an own property, so copy with spread, never with Object.assign.
 * @throws JsonError
 * @see RFC 8259; RFC 7493 §2.3
 */
export function readJson(text: string, limits: JsonLimits = {}): JsonValue {
  check(text, limits);
  return JSON.parse(text) as JsonValue;
}

/**
 * The same, for a document that must be an object.
 * @throws JsonError
 */
export function readJsonObject(text: string, limits: JsonLimits = {}): JsonObject {
  const value = readJson(text, limits);
  if (!isJsonObject(value)) throw new JsonError('not a JSON object', 0);
  return value;
}

/** Whether a value is an object and not an array. */
export function isJsonObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/**
 * Decodes UTF-8; a BOM stays in the text (and `readJson` refuses it).
 * @throws JsonError for invalid UTF-8
 * @see RFC 8725 §3.7
 */
export function readUtf8(bytes: Uint8Array): string {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new JsonError('not valid UTF-8', 0);
  }
}

// Walks the grammar once, so that every refusal has a position; the depth limit bounds the recursion.
function check(text: string, limits: JsonLimits): void {
  const { maxDepth = 64, maxMembers = 10_000, maxStringLength = 1_048_576 } = limits;
  // Sticky, so that each matches at its position only; each is linear.
  const numberPattern = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
  const literalPattern = /true|false|null/y;
  const escapePattern = /\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})/y;
  const spacePattern = /[ \t\n\r]*/y;
  const plainPattern = /[^"\\\u0000-\u001f]*/y;
  let at = 0;
  let members = 0;

  skipSpace();
  value(0);
  if (at < text.length) throw malformed();

  function value(depth: number): void {
    const first = text[at];
    if (first === '{' || first === '[') container(first === '{' ? '}' : ']', depth + 1);
    else if (first === '"') string();
    else if (!matches(literalPattern)) number();
    skipSpace();
  }

  function container(end: '}' | ']', depth: number): void {
    if (depth > maxDepth) throw new JsonError(`nested deeper than ${String(maxDepth)} levels`, at);
    const names = end === '}' ? new Set<string>() : null;
    at += 1;
    skipSpace();
    if (take(end)) return;
    do {
      skipSpace();
      members += 1;
      if (members > maxMembers) {
        throw new JsonError(`more than ${String(maxMembers)} members`, at);
      }
      if (names !== null) name(names);
      value(depth);
    } while (take(','));
    if (!take(end)) throw malformed();
  }

  function name(names: Set<string>): void {
    const start = at;
    const written = string();
    // An escaped name is the same name.
    const decoded = written.includes('\\') ? (JSON.parse(written) as string) : written.slice(1, -1);
    if (names.has(decoded)) throw new JsonError('duplicate member name', start);
    names.add(decoded);
    skipSpace();
    if (!take(':')) throw malformed();
    skipSpace();
  }

  function string(): string {
    const start = at;
    if (!take('"')) throw malformed();
    do matches(plainPattern);
    while (matches(escapePattern));
    if (!take('"')) throw malformed();
    if (at - start - 2 > maxStringLength) {
      throw new JsonError(`a string longer than ${String(maxStringLength)} characters`, start);
    }
    return text.slice(start, at);
  }

  function number(): void {
    const start = at;
    if (!matches(numberPattern)) throw malformed();
    if (!Number.isFinite(Number(text.slice(start, at)))) {
      throw new JsonError('a number too large', start);
    }
  }

  function skipSpace(): void {
    matches(spacePattern);
  }

  function take(character: string): boolean {
    if (text[at] !== character) return false;
    at += 1;
    return true;
  }

  function matches(pattern: RegExp): boolean {
    pattern.lastIndex = at;
    if (!pattern.test(text)) return false;
    at = pattern.lastIndex;
    return true;
  }

  function malformed(): JsonError {
    return new JsonError('malformed JSON', at);
  }
}
