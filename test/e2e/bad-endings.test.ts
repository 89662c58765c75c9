// Logins that cannot succeed, as child processes: each ends by itself, with its exit code, and stores nothing.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { navigate, startScriptedServer } from '../support/authorization-server.ts';
import type { ScriptedServer } from '../support/authorization-server.ts';
import { bin, runCliProcess, startCli } from '../support/cli-process.ts';
import { createFakeBrowser } from '../support/fake-browser.ts';
import { lacking } from '../support/requirements.ts';
import { startSecretService } from '../support/secret-service.ts';

it('EXIT-01: the exit code tells where not even the error can be written', async () => {
  const shell = promisify(execFile)(
    'sh',
    ['-c', '"$0" "$1" token nosuch 2>/dev/full', process.execPath, bin],
    {
      env: { PATH: process.env['PATH'] ?? '', OAUTH_CLI_HOME: '/nowhere' },
    },
  );
  await expect(shell).rejects.toMatchObject({ code: 2, stdout: '' });
});

describe('a login that cannot succeed', () => {
  let home: string;
  let server: ScriptedServer;
  let env: Record<string, string>;

  beforeEach(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-bad-'));
    server = await startScriptedServer();
    env = { HOME: home, OAUTH_CLI_HOME: path.join(home, 'state'), OAUTH_CLI_STORE: 'plaintext' };
  });

  afterEach(async () => {
    await server.close();
    await rm(home, { recursive: true, force: true });
  });

  const secrets = async () =>
    (await readdir(path.join(home, 'state'), { recursive: true }).catch(() => [])).filter((name) =>
      name.endsWith('.json'),
    );

  it.each([
    ['SIGINT', 130],
    ['SIGTERM', 143],
    ['SIGHUP', 129],
  ] as const)(
    'EXIT-03, LOOP-05: %s while it waits frees the port and exits with %i',
    async (signal, code) => {
      const login = startCli(['login', server.issuer], env);
      const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
      const redirectUri = new URL(url).searchParams.get('redirect_uri')!;
      login.child.kill(signal);
      expect(await login.exit).toBe(code);
      await expect(navigate(redirectUri)).rejects.toThrow('ECONNREFUSED');
      expect(await secrets()).toEqual([]);
    },
  );

  it('SEC-03, BROW-06: the browser is started with nothing of ours in its environment', async () => {
    const browser = await createFakeBrowser();
    const login = startCli(['login', server.issuer, '--client-id', 'mine'], {
      ...env,
      BROWSER: browser.program,
      OAUTH_CLI_CLIENT_SECRET: 'canary-secret',
    });
    const launch = await browser.nextLaunch();
    login.child.kill('SIGTERM');
    await login.exit;
    expect(Object.keys(launch.env).filter((name) => name.startsWith('OAUTH_CLI_'))).toEqual([]);
    expect(JSON.stringify(launch)).not.toContain('canary-secret');
    await browser.close();
  });

  it('LOOP-01: listens on the loopback literal and nowhere else', async () => {
    const login = startCli(['login', server.issuer], env);
    const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
    const { port } = new URL(new URL(url).searchParams.get('redirect_uri')!);
    const addresses = await listeningAddresses(Number(port));
    login.child.kill('SIGTERM');
    expect(addresses).toEqual(['127.0.0.1']);
    expect(await login.exit).toBe(143);
  });

  it('STORE-13: without a keychain it ends before anybody is asked anything', async () => {
    const { OAUTH_CLI_STORE: _, ...withoutStore } = env;
    const login = await runCliProcess(['login', server.issuer], withoutStore);
    expect(login.exit).toBe(8);
    expect(login.stderr).toContain('hint: install and start gnome-keyring');
    expect(server.requests).toEqual([]);
    expect(await secrets()).toEqual([]);
  });

  const noKeyring = lacking('dbus-daemon', 'gnome-keyring-daemon');
  it.skipIf(noKeyring !== null)(
    `STORE-13: a locked keychain ends it with exit 8 and no prompt ${noKeyring ?? ''}`,
    async () => {
      const service = await startSecretService({ locked: true });
      const login = await runCliProcess(['login', server.issuer], {
        ...service.env,
        OAUTH_CLI_HOME: path.join(home, 'state'),
      });
      await service.close();
      expect(login.exit).toBe(8);
      expect(login.stderr).toMatch(/locked/);
      expect(server.requests).toEqual([]);
    },
  );

  it('NET-07: an unreachable issuer ends it with network', async () => {
    await server.close();
    const login = await runCliProcess(['login', server.issuer], env);
    expect(login.exit).toBe(7);
    expect(await secrets()).toEqual([]);
  });

  it('NET-04: an issuer that accepts and never answers ends it with timeout', async () => {
    const mute = createServer();
    await new Promise<void>((resolve) => mute.listen(0, '127.0.0.1', resolve));
    const { port } = mute.address() as AddressInfo;
    const login = await runCliProcess(['login', `http://127.0.0.1:${port}`], env);
    mute.close();
    expect(login.exit).toBe(28);
    // Promised are 10 s; five times that is the test's own limit.
  }, 50_000);

  it('a server that dies while the person is away ends it with network, and stores nothing', async () => {
    const login = startCli(['login', server.issuer], env);
    const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
    const { location } = await navigate(url);
    await server.close();
    const page = await navigate(location);
    expect(page.body).toContain('The login failed');
    expect(await login.exit).toBe(7);
    expect(await secrets()).toEqual([]);
  });
});

/** The local addresses in state LISTEN on that port, from the kernel's own table. */
async function listeningAddresses(port: number): Promise<string[]> {
  const { readFile } = await import('node:fs/promises');
  const hexPort = port.toString(16).toUpperCase().padStart(4, '0');
  const tables = await Promise.all(
    ['/proc/net/tcp', '/proc/net/tcp6'].map((file) => readFile(file, 'utf8')),
  );
  return tables
    .join('\n')
    .split('\n')
    .map((line) => line.trim().split(/\s+/))
    .filter((fields) => fields[1]?.endsWith(`:${hexPort}`) === true && fields[3] === '0A')
    .map((fields) => dotted(fields[1]!.split(':')[0]!));
}

/** IPv4 addresses stand there as little-endian hexadecimal. */
function dotted(hex: string): string {
  if (hex.length !== 8) return hex;
  return [6, 4, 2, 0].map((at) => parseInt(hex.slice(at, at + 2), 16)).join('.');
}
