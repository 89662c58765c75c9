// What the message bus or a service on it refused.
// https://dbus.freedesktop.org/doc/dbus-specification.html#message-protocol-types

/** An error reply, or the end of the connection; `name` is D-Bus's error name. */
export class DBusError extends Error {
  override readonly name: string;

  constructor(name: string, message: string) {
    super(message);
    this.name = name;
  }
}

export const authFailed = 'org.freedesktop.DBus.Error.AuthFailed';
export const disconnected = 'org.freedesktop.DBus.Error.Disconnected';
