// The receiving side of a D-Bus socket: authentication lines, then messages.
// https://dbus.freedesktop.org/doc/dbus-specification.html#auth-protocol

import type { Socket } from 'node:net';
import { DBusError, disconnected } from './dbus-error.ts';
import { messageLength } from './dbus-message.ts';

/** What arrives, in the pieces that the protocol makes of it; both reject with what ended the connection. */
export interface Input {
  /** Without its end; latin1. */
  line(): Promise<string>;
  message(): Promise<Uint8Array>;
}

/** Bytes; a bus's answers are far shorter. */
const maximumLine = 16 * 1024;

export function readFrom(socket: Socket): Input {
  const chunks = socket[Symbol.asyncIterator]() as AsyncIterator<Buffer, undefined>;
  let bytes: Buffer = Buffer.alloc(0);
  const fill = async (length: number) => {
    const parts = [bytes];
    for (let filled = bytes.length; filled < length;) {
      const chunk = await chunks.next();
      if (chunk.done === true) throw new DBusError(disconnected, 'the message bus went away');
      parts.push(chunk.value);
      filled += chunk.value.length;
    }
    bytes = Buffer.concat(parts);
  };
  const take = (length: number) => {
    const taken = bytes.subarray(0, length);
    bytes = bytes.subarray(length);
    return taken;
  };
  return {
    async line() {
      while (!bytes.includes('\r\n')) {
        if (bytes.length > maximumLine) throw new RangeError('not a D-Bus message bus');
        await fill(bytes.length + 1);
      }
      return take(bytes.indexOf('\r\n') + 2)
        .toString('latin1')
        .trimEnd();
    },
    async message() {
      let length: number | undefined;
      while ((length = messageLength(bytes)) === undefined) await fill(bytes.length + 1);
      await fill(length);
      return take(length);
    },
  };
}
