// D-Bus values to bytes, little-endian.
// https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-marshaling

import type { DBusValue, DBusVariant } from './dbus-types.ts';
import { alignmentOf, completeTypes, padding } from './dbus-types.ts';

/** @throws RangeError when a string contains NUL, an array is over the limit or values do not fit the signature */
export function encodeValues(signature: string, values: readonly DBusValue[]): Buffer {
  const writer: Writer = { chunks: [], length: 0 };
  writeAll(writer, completeTypes(signature), values);
  return Buffer.concat(writer.chunks);
}

type Writer = { readonly chunks: Uint8Array[]; length: number };

/** The specification's limit, in bytes. */
const maximumArray = 2 ** 26;

function writeAll(writer: Writer, types: readonly string[], values: readonly DBusValue[]): void {
  if (types.length !== values.length) throw new RangeError('D-Bus values do not fit the signature');
  types.forEach((type, index) => write(writer, type, values[index] as DBusValue));
}

function write(writer: Writer, type: string, value: DBusValue): void {
  align(writer, alignmentOf(type));
  switch (type.charAt(0)) {
    case 'y':
      append(writer, Buffer.of(value as number));
      break;
    case 'b':
      writeUint32(writer, value === true ? 1 : 0);
      break;
    case 'u':
      writeUint32(writer, value as number);
      break;
    case 's':
    case 'o':
    case 'g':
      writeText(writer, type, value as string);
      break;
    case 'v': {
      const variant = value as DBusVariant;
      writeText(writer, 'g', variant.signature);
      write(writer, variant.signature, variant.value);
      break;
    }
    case 'a':
      writeArray(writer, type.slice(1), value);
      break;
    default:
      writeAll(writer, completeTypes(type.slice(1, -1)), value as readonly DBusValue[]);
  }
}

function writeText(writer: Writer, type: string, text: string): void {
  if (text.includes('\0')) throw new RangeError('a D-Bus string cannot contain NUL');
  const bytes = Buffer.from(`${text}\0`);
  if (type === 'g') append(writer, Buffer.of(bytes.length - 1));
  else writeUint32(writer, bytes.length - 1);
  append(writer, bytes);
}

function writeArray(writer: Writer, element: string, value: DBusValue): void {
  const length = Buffer.alloc(4);
  append(writer, length);
  align(writer, alignmentOf(element));
  const start = writer.length;
  if (element === 'y') append(writer, value as Uint8Array);
  else for (const item of value as readonly DBusValue[]) write(writer, element, item);
  if (writer.length - start > maximumArray) throw new RangeError('a D-Bus array that is too long');
  length.writeUInt32LE(writer.length - start);
}

function writeUint32(writer: Writer, value: number): void {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  append(writer, bytes);
}

function align(writer: Writer, alignment: number): void {
  append(writer, Buffer.alloc(padding(writer.length, alignment)));
}

function append(writer: Writer, bytes: Uint8Array): void {
  writer.chunks.push(bytes);
  writer.length += bytes.length;
}
