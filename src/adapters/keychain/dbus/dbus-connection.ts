// A client's connection to a D-Bus message bus over a Unix socket: EXTERNAL authentication, method calls, signals.
// https://dbus.freedesktop.org/doc/dbus-specification.html#auth-protocol

import type { Socket } from 'node:net';
import type { DBusMessage, MethodCall } from './dbus-message.ts';
import type { DBusValue } from './dbus-types.ts';
import type { Input } from './dbus-input.ts';
import { connect } from 'node:net';
import { authFailed, DBusError, disconnected } from './dbus-error.ts';
import { readFrom } from './dbus-input.ts';
import { decodeMessage, encodeMethodCall } from './dbus-message.ts';

export interface DBusConnection {
  /** The reply's values. @throws DBusError on an error reply; whatever ended the connection */
  call(call: MethodCall): Promise<readonly DBusValue[]>;
  /** The values of the next such signal; the bus must have been asked for it (AddMatch) before. */
  nextSignal(path: string, interfaceName: string, member: string): Promise<readonly DBusValue[]>;
  close(): void;
}

/** A method of the bus itself. */
export function busCall(member: string, signature = '', body: readonly DBusValue[] = []) {
  const path = '/org/freedesktop/DBus';
  const name = 'org.freedesktop.DBus';
  return { destination: name, path, interface: name, member, signature, body };
}

/**
 * Connects to the first socket that answers. When the signal aborts, every call rejects with its reason and the
 * socket is gone, so that nothing keeps the process.
 * @throws Error with node:net's code; DBusError; the signal's reason
 */
export async function connectToBus(
  socketPaths: readonly string[],
  signal: AbortSignal,
): Promise<DBusConnection> {
  let failure: unknown = new DBusError(disconnected, 'no socket to connect to');
  for (const path of socketPaths) {
    signal.throwIfAborted();
    try {
      return await connectToSocket(path, signal);
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

async function connectToSocket(path: string, signal: AbortSignal): Promise<DBusConnection> {
  const socket = connect({ path });
  // Whoever reads from it is told; without a listener Node would end the process.
  socket.on('error', () => undefined);
  const abort = () => socket.destroy(signal.reason as Error);
  signal.addEventListener('abort', abort, { once: true });
  socket.once('close', () => signal.removeEventListener('abort', abort));
  try {
    const input = readFrom(socket);
    await authenticate(socket, input);
    const connection = startCalls(socket, input);
    await connection.call(busCall('Hello'));
    return connection;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

async function authenticate(socket: Socket, input: Input): Promise<void> {
  const userId = String(process.getuid?.() ?? 0);
  socket.write(`\0AUTH EXTERNAL ${Buffer.from(userId).toString('hex')}\r\n`);
  const answer = await input.line();
  if (!answer.startsWith('OK')) throw new DBusError(authFailed, 'the message bus refused the user');
  socket.write('BEGIN\r\n');
}

type Waiter = { resolve: (message: DBusMessage) => void; reject: (error: unknown) => void };

function startCalls(socket: Socket, input: Input): DBusConnection {
  const replies = new Map<number, Waiter>();
  const signals = new Map<string, Waiter>();
  let lastSerial = 0;
  let end: Error | undefined;
  const stop = (error: Error) => {
    end = error;
    for (const waiter of [...replies.values(), ...signals.values()]) waiter.reject(error);
    socket.destroy();
  };
  const wait = async <K>(waiters: Map<K, Waiter>, key: K) => {
    const message = await new Promise<DBusMessage>((resolve, reject) => {
      if (end === undefined) waiters.set(key, { resolve, reject });
      else reject(end);
    });
    return message.body();
  };
  deliverAll(input, replies, signals).catch(stop);
  return {
    async call(call) {
      const serial = (lastSerial += 1);
      socket.write(encodeMethodCall(serial, call));
      return wait(replies, serial);
    },
    nextSignal: (path, interfaceName, member) =>
      wait(signals, signalKey(path, interfaceName, member)),
    close: () => socket.destroy(),
  };
}

/** Ends only by throwing. */
async function deliverAll(
  input: Input,
  replies: Map<number, Waiter>,
  signals: Map<string, Waiter>,
): Promise<never> {
  for (;;) {
    const message = decodeMessage(await input.message());
    if (message.type === 'signal') {
      const key = signalKey(message.path, message.interface, message.member);
      signals.get(key)?.resolve(message);
      signals.delete(key);
    }
    if (message.replySerial === undefined) continue;
    const waiter = replies.get(message.replySerial);
    replies.delete(message.replySerial);
    if (message.type === 'return') waiter?.resolve(message);
    if (message.type === 'error') waiter?.reject(errorOf(message));
  }
}

function signalKey(...parts: readonly (string | undefined)[]): string {
  return parts.join(' ');
}

function errorOf(message: DBusMessage): DBusError {
  const [text] = message.body();
  return new DBusError(message.errorName ?? '', typeof text === 'string' ? text : '');
}
