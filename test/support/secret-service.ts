// A real gnome-keyring, or a stand-in that misbehaves, on a D-Bus session bus of its own.

import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { busCall, connectToBus } from '../../src/adapters/keychain/dbus/dbus-connection.ts';

export type SecretService = {
  /** For children: the bus, a HOME and XDG directories of its own, and PATH. */
  readonly env: Record<string, string>;
  readonly busSocket: string;
  readonly bus: ChildProcess;
  /** The process behind org.freedesktop.secrets. */
  readonly service: ChildProcess;
  close(): Promise<void>;
};

/**
 * Starts gnome-keyring with an unlocked default collection; `locked`: with a locked one, as after a reboot, and
 * nothing that could ask for the password; `noCollection`: as in a fresh home.
 */
export async function startSecretService(
  options: { locked?: boolean; noCollection?: boolean } = {},
): Promise<SecretService> {
  return onBus(async (session) => {
    if (options.locked === true) await stop(await startKeyring(session, true));
    return startKeyring(session, !options.locked && !options.noCollection);
  });
}

/** Starts the stand-in; see secret-service-stand-in.py for the options. */
export async function startStandIn(options: Record<string, unknown>): Promise<SecretService> {
  return onBus(async (session) => {
    const script = fileURLToPath(new URL('secret-service-stand-in.py', import.meta.url));
    const service = spawn(python, [script, JSON.stringify(options)], {
      env: session.env,
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    await firstOutput(service);
    return service;
  });
}

/** Debian's, which sees the packages python3-dbus and python3-gi. */
const python = '/usr/bin/python3';

export type Bus = Omit<SecretService, 'service'>;

/** A session bus that nothing is on and that starts nothing by itself. */
export async function startBus(): Promise<Bus> {
  const directory = await mkdtemp(join(tmpdir(), 'oauth-cli-keyring-'));
  const busSocket = join(directory, 'bus');
  await mkdir(join(directory, 'home'));
  const configuration = join(directory, 'bus.conf');
  await writeFile(configuration, busConfiguration(busSocket));
  await chmod(directory, 0o700);
  const env = environmentOf(directory, `unix:path=${busSocket}`);
  const bus = spawn(
    'dbus-daemon',
    ['--nofork', '--print-address', `--config-file=${configuration}`],
    {
      env,
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  await firstOutput(bus);
  const close = async () => {
    await stop(bus);
    await rm(directory, { recursive: true, force: true });
  };
  return { env, busSocket, bus, close };
}

function busConfiguration(socket: string): string {
  return `<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-BUS Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:path=${socket}</listen>
  <auth>EXTERNAL</auth>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/>
    <allow eavesdrop="true"/>
    <allow own="*"/>
  </policy>
</busconfig>
`;
}

function environmentOf(directory: string, address: string): Record<string, string> {
  const home = join(directory, 'home');
  return {
    PATH: process.env['PATH'] ?? '/usr/bin:/bin',
    HOME: home,
    XDG_RUNTIME_DIR: directory,
    XDG_DATA_HOME: join(home, '.local', 'share'),
    XDG_CONFIG_HOME: join(home, '.config'),
    XDG_CACHE_HOME: join(home, '.cache'),
    DBUS_SESSION_BUS_ADDRESS: address,
  };
}

async function startKeyring(session: Bus, unlocked: boolean): Promise<ChildProcess> {
  const mode = unlocked ? ['--unlock'] : [];
  const keyring = spawn('gnome-keyring-daemon', ['--foreground', '--components=secrets', ...mode], {
    env: session.env,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  // The end of input ends the password: a line break would belong to it.
  keyring.stdin.end(unlocked ? 'password of the test keyring' : '');
  await untilOwned(session.busSocket, keyring);
  return keyring;
}

/** The daemon says nothing when it is ready; the bus does. */
async function untilOwned(busSocket: string, owner: ChildProcess): Promise<void> {
  const limit = new AbortController();
  const exited = () => limit.abort(new Error('the keychain daemon ended'));
  const timer = setTimeout(() => limit.abort(new Error('the keychain daemon is late')), 20_000);
  owner.once('exit', exited);
  const bus = await connectToBus([busSocket], limit.signal);
  try {
    const rule = "type='signal',member='NameOwnerChanged',arg0='org.freedesktop.secrets'";
    await bus.call(busCall('AddMatch', 's', [rule]));
    const changed = bus.nextSignal(
      '/org/freedesktop/DBus',
      'org.freedesktop.DBus',
      'NameOwnerChanged',
    );
    changed.catch(() => undefined);
    const [owned] = await bus.call(busCall('NameHasOwner', 's', ['org.freedesktop.secrets']));
    if (owned !== true) await changed;
  } finally {
    clearTimeout(timer);
    owner.off('exit', exited);
    bus.close();
  }
}

async function onBus(start: (session: Bus) => Promise<ChildProcess>): Promise<SecretService> {
  const session = await startBus();
  try {
    const service = await start(session);
    const close = async () => {
      await stop(service);
      await session.close();
    };
    return { ...session, service, close };
  } catch (error) {
    await session.close();
    throw error;
  }
}

async function firstOutput(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`${child.spawnfile} ended with ${String(code)}`);
  });
  await Promise.race([once(child.stdout!, 'data'), ended]);
  ended.catch(() => undefined);
}

/** Also when it is stopped (SIGSTOP). */
async function stop(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = once(child, 'exit');
  child.kill('SIGKILL');
  await exit;
}
