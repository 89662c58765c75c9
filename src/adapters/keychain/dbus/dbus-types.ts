// The types of D-Bus values that a client of the Secret Service needs: strings, object paths, signatures, bytes,
// booleans, 32-bit counts, arrays, structs, dictionaries and variants.
// https://dbus.freedesktop.org/doc/dbus-specification.html#type-system

/**
 * `y` and `u` are numbers, `b` a boolean, `s`, `o` and `g` strings, `ay` bytes, other arrays and structs arrays,
 * a dictionary an array of pairs.
 */
export type DBusValue = string | number | boolean | Uint8Array | DBusVariant | readonly DBusValue[];

/** A value that brings its type along (`v`). */
export type DBusVariant = { readonly signature: string; readonly value: DBusValue };

/** Boundaries on which values begin. */
const alignments: Readonly<Record<string, number>> = {
  y: 1,
  g: 1,
  v: 1,
  b: 4,
  u: 4,
  s: 4,
  o: 4,
  a: 4,
  '(': 8,
  '{': 8,
};

/** How many bytes fill up to the next boundary. */
export function padding(offset: number, alignment: number): number {
  return (alignment - (offset % alignment)) % alignment;
}

/** @throws RangeError for a type that is not known here */
export function alignmentOf(type: string): number {
  const alignment = alignments[type.charAt(0)];
  if (alignment === undefined) throw new RangeError('a D-Bus type that is not known');
  return alignment;
}

/** 'sa{sv}(oay)' to ['s', 'a{sv}', '(oay)']. @throws RangeError when it is cut off */
export function completeTypes(signature: string): string[] {
  const types: string[] = [];
  for (let start = 0; start < signature.length; start += types.at(-1)?.length ?? 1) {
    types.push(signature.slice(start, endOfType(signature, start)));
  }
  return types;
}

function endOfType(signature: string, start: number): number {
  let end = start;
  while (signature[end] === 'a') end += 1;
  let open = 0;
  do {
    const character = signature[end];
    if (character === undefined) throw new RangeError('an incomplete D-Bus signature');
    if (character === '(' || character === '{') open += 1;
    if (character === ')' || character === '}') open -= 1;
    end += 1;
  } while (open > 0);
  return end;
}
