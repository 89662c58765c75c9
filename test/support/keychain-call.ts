// One keychain call in a process of its own, by keychain-child.mjs.

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';

export type KeychainCall = {
  readonly call: string;
  readonly arguments?: readonly unknown[];
  /** 'darwin' for @napi-rs/keyring, which is pinned to the Secret Service on Linux. */
  readonly platform?: string;
  /** Stands for the argument '-'. */
  readonly stdin?: string;
};

export type KeychainOutcome = {
  readonly exitCode: number | null;
  /** Not null when the process did not end by itself. */
  readonly signal: string | null;
  readonly result?: unknown;
  readonly error?: { readonly reason: string; readonly message: string; readonly hint: string };
};

/** Ends a process that is not done after five times the 3 s that a call may take. */
export async function callKeychain(
  env: Record<string, string>,
  { stdin = '', ...call }: KeychainCall,
): Promise<KeychainOutcome> {
  const script = fileURLToPath(new URL('keychain-child.mjs', import.meta.url));
  const child = spawn(process.execPath, [script, JSON.stringify(call)], {
    env,
    stdio: ['pipe', 'pipe', 'inherit'],
    timeout: 15_000,
    killSignal: 'SIGKILL',
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [output, [exitCode, signal]] = await Promise.all([
    text(child.stdout),
    once(child, 'exit') as Promise<[number | null, string | null]>,
  ]);
  const printed = output === '' ? {} : (JSON.parse(output) as Partial<KeychainOutcome>);
  return { ...printed, exitCode, signal };
}

/** What the keychain tests need and the machine lacks, for the title of what is skipped; '' when all is there. */
export function missingKeychainTools(): string {
  if (process.env['OAUTH_CLI_TEST_REQUIRE_ALL'] === '1') return '';
  const tools: [name: string, command: string, ...args: string[]][] = [
    ['dbus-daemon', 'dbus-daemon', '--version'],
    ['gnome-keyring-daemon', 'gnome-keyring-daemon', '--version'],
    ['secret-tool', 'sh', '-c', 'command -v secret-tool'],
    ['python3-dbus and python3-gi', '/usr/bin/python3', '-c', 'import dbus, gi'],
  ];
  const missing = tools.filter(([, command, ...args]) => spawnSync(command, args).status !== 0);
  const names = missing.map(([name]) => name).join(', ');
  return names === '' ? '' : ` (skipped: there is no ${names})`;
}
