// What went wrong between us and the Secret Service, as a StoreError: decided on D-Bus's error names and on
// Node's error codes.

import type { StoreFailure } from '../../errors.ts';
import { StoreError } from '../../errors.ts';
import { authFailed, DBusError, disconnected } from './dbus/dbus-error.ts';
import { keychainError } from './keychain-error.ts';

type Failure = readonly [reason: StoreFailure, message: string];

const noBus: Failure = ['missing', 'there is no keychain: the D-Bus session bus is not running'];
const noService: Failure = ['missing', 'there is no keychain: no Secret Service runs on D-Bus'];
const notStarted: Failure = ['missing', 'there is no keychain: the Secret Service does not start'];
const refused: Failure = ['denied', 'the keychain refused access'];
const isLocked: Failure = ['locked', 'the keychain is locked'];
const tooSlow: Failure = ['timed_out', 'the keychain did not answer in time'];
const tooLarge: Failure = ['too_large', 'the value is too large for the keychain'];
const ended: Failure = ['failed', 'the keychain service ended during the call'];
const busEnded: Failure = ['failed', 'the D-Bus session bus ended during the call'];
const unexpected: Failure = ['failed', 'the keychain failed'];

const failures: Readonly<Record<string, Failure>> = {
  ENOENT: noBus,
  ENOTDIR: noBus,
  ECONNREFUSED: noBus,
  EACCES: ['denied', 'access to the D-Bus session bus is denied'],
  EPERM: ['denied', 'access to the D-Bus session bus is denied'],
  ECONNRESET: busEnded,
  EPIPE: busEnded,
  [disconnected]: busEnded,
  [authFailed]: ['denied', 'access to the D-Bus session bus is denied'],
  'org.freedesktop.DBus.Error.ServiceUnknown': noService,
  'org.freedesktop.DBus.Error.NameHasNoOwner': noService,
  'org.freedesktop.DBus.Error.Spawn.ChildExited': notStarted,
  'org.freedesktop.DBus.Error.Spawn.ChildSignaled': notStarted,
  'org.freedesktop.DBus.Error.Spawn.ExecFailed': notStarted,
  'org.freedesktop.DBus.Error.Spawn.Failed': notStarted,
  'org.freedesktop.DBus.Error.TimedOut': tooSlow,
  'org.freedesktop.DBus.Error.Timeout': tooSlow,
  'org.freedesktop.DBus.Error.NoReply': ended,
  'org.freedesktop.DBus.Error.LimitsExceeded': tooLarge,
  'org.freedesktop.DBus.Error.AccessDenied': refused,
  'org.freedesktop.Secret.Error.IsLocked': isLocked,
};

/** Any error of a call to the service; what already is for the user stays. */
export function translateError(error: unknown): unknown {
  if (error instanceof StoreError || !(error instanceof Error)) return error;
  const code = error instanceof DBusError ? error.name : (error as NodeJS.ErrnoException).code;
  const [reason, message] = failures[code ?? ''] ?? unexpected;
  return keychainError(reason, message, error);
}
