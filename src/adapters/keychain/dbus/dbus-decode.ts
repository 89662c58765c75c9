// Bytes to D-Bus values, in either byte order.
// https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-marshaling

import type { DBusValue } from './dbus-types.ts';
import { alignmentOf, completeTypes, padding } from './dbus-types.ts';

/** Where the next value begins; offsets count from the start of the message or of its body. */
export type Reader = {
  readonly bytes: Buffer;
  readonly little: boolean;
  offset: number;
  depth: number;
};

export function readerOf(bytes: Uint8Array, little: boolean): Reader {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return { bytes: buffer, little, offset: 0, depth: 0 };
}

/** @throws RangeError when the bytes are malformed or a type is not known here */
export function readValues(reader: Reader, signature: string): DBusValue[] {
  return completeTypes(signature).map((type) => read(reader, type));
}

/** Containers in containers, as the specification limits them. */
const maximumDepth = 64;

function read(reader: Reader, type: string): DBusValue {
  reader.offset += padding(reader.offset, alignmentOf(type));
  switch (type.charAt(0)) {
    case 'y':
      return take(reader, 1).readUInt8();
    case 'b':
      return readUint32(reader) === 1;
    case 'u':
      return readUint32(reader);
    case 's':
    case 'o':
      return readText(reader, readUint32(reader));
    case 'g':
      return readText(reader, take(reader, 1).readUInt8());
    default:
      return readContainer(reader, type);
  }
}

function readContainer(reader: Reader, type: string): DBusValue {
  if (reader.depth >= maximumDepth) throw new RangeError('D-Bus values nested too deeply');
  reader.depth += 1;
  try {
    switch (type.charAt(0)) {
      case 'v': {
        const signature = readText(reader, take(reader, 1).readUInt8());
        const [value] = readValues(reader, signature);
        if (value === undefined) throw new RangeError('a D-Bus variant without a value');
        return { signature, value };
      }
      case 'a':
        return readArray(reader, type.slice(1));
      default: {
        const members = readValues(reader, type.slice(1, -1));
        // An array of them would never end.
        if (members.length === 0) throw new RangeError('an empty D-Bus struct');
        return members;
      }
    }
  } finally {
    reader.depth -= 1;
  }
}

function readArray(reader: Reader, element: string): DBusValue {
  const length = readUint32(reader);
  reader.offset += padding(reader.offset, alignmentOf(element));
  if (element === 'y') return take(reader, length);
  const end = reader.offset + length;
  const values: DBusValue[] = [];
  while (reader.offset < end) values.push(read(reader, element));
  return values;
}

function readText(reader: Reader, length: number): string {
  return take(reader, length + 1).toString('utf8', 0, length);
}

function readUint32(reader: Reader): number {
  const value = uint32At(reader, reader.offset);
  reader.offset += 4;
  return value;
}

export function uint32At({ bytes, little }: Reader, offset: number): number {
  return little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset);
}

function take(reader: Reader, length: number): Buffer {
  const end = reader.offset + length;
  if (end > reader.bytes.length) throw new RangeError('a D-Bus message that ends too early');
  const bytes = reader.bytes.subarray(reader.offset, end);
  reader.offset = end;
  return bytes;
}
