// D-Bus messages: a method call to bytes, and bytes to what came back.
// https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-messages

import type { DBusValue, DBusVariant } from './dbus-types.ts';
import { readerOf, readValues, uint32At } from './dbus-decode.ts';
import { encodeValues } from './dbus-encode.ts';
import { padding } from './dbus-types.ts';

export type MethodCall = {
  readonly destination: string;
  readonly path: string;
  readonly interface: string;
  readonly member: string;
  readonly signature?: string;
  readonly body?: readonly DBusValue[];
};

export type DBusMessage = {
  readonly type: 'call' | 'return' | 'error' | 'signal' | 'unknown';
  readonly replySerial: number | undefined;
  readonly path: string | undefined;
  readonly interface: string | undefined;
  readonly member: string | undefined;
  readonly errorName: string | undefined;
  /** Reads the arguments. @throws RangeError when they are malformed or of a type not known here */
  body(): readonly DBusValue[];
};

const littleEndian = 0x6c;
const methodCall = 1;
const protocolVersion = 1;
const fixedHeader = 16;
/** The specification's limit, in bytes. */
const maximumMessage = 2 ** 27;

const field = {
  path: 1,
  interface: 2,
  member: 3,
  errorName: 4,
  replySerial: 5,
  destination: 6,
  signature: 8,
} as const;

/** @throws RangeError when a string contains NUL or a length is over the protocol's limit */
export function encodeMethodCall(serial: number, call: MethodCall): Uint8Array {
  const signature = call.signature ?? '';
  const body = encodeValues(signature, call.body ?? []);
  const fields: DBusValue[] = [
    [field.path, { signature: 'o', value: call.path }],
    [field.interface, { signature: 's', value: call.interface }],
    [field.member, { signature: 's', value: call.member }],
    [field.destination, { signature: 's', value: call.destination }],
  ];
  if (signature !== '') fields.push([field.signature, { signature: 'g', value: signature }]);
  const start = [littleEndian, methodCall, 0, protocolVersion, body.length, serial, fields];
  const header = encodeValues('yyyyuua(yv)', start);
  const message = Buffer.concat([header, Buffer.alloc(padding(header.length, 8)), body]);
  if (message.length > maximumMessage) throw new RangeError('a D-Bus message that is too long');
  return message;
}

/**
 * The length of the message that `start` begins, in bytes; undefined while fewer than 16 bytes are there.
 * @throws RangeError when it is no D-Bus message, or longer than one may be
 */
export function messageLength(start: Uint8Array): number | undefined {
  if (start.length < fixedHeader) return undefined;
  const reader = readerOf(start, start[0] === littleEndian);
  if (start[3] !== protocolVersion) throw new RangeError('not a D-Bus message');
  const body = uint32At(reader, 4);
  const fields = uint32At(reader, 12);
  const length = fixedHeader + fields + padding(fields, 8) + body;
  if (length > maximumMessage) throw new RangeError('a D-Bus message that is too long');
  return length;
}

/** @throws RangeError when the header is malformed */
export function decodeMessage(bytes: Uint8Array): DBusMessage {
  const reader = readerOf(bytes, bytes[0] === littleEndian);
  const [, type, , , bodyLength, , fields] = readValues(reader, 'yyyyuua(yv)');
  const found = new Map<DBusValue, DBusValue>();
  for (const [code, variant] of fields as [number, DBusVariant][]) found.set(code, variant.value);
  const text = (code: number) => {
    const value = found.get(code);
    return typeof value === 'string' ? value : undefined;
  };
  const replySerial = found.get(field.replySerial);
  const body = bytes.subarray(bytes.length - (bodyLength as number));
  return {
    type: (['call', 'return', 'error', 'signal'] as const)[(type as number) - 1] ?? 'unknown',
    replySerial: typeof replySerial === 'number' ? replySerial : undefined,
    path: text(field.path),
    interface: text(field.interface),
    member: text(field.member),
    errorName: text(field.errorName),
    body: () => readValues(readerOf(body, reader.little), text(field.signature) ?? ''),
  };
}
