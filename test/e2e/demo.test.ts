// The demo as a newcomer runs it: without a keychain, with one, and with a browser.

import { execFile } from 'node:child_process';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { launchChromium, localPage } from '../support/chromium.ts';
import { bin, runCliProcess, startCli } from '../support/cli-process.ts';
import { createFakeBrowser } from '../support/fake-browser.ts';
import { lacking } from '../support/requirements.ts';
import { startSecretService } from '../support/secret-service.ts';

const run = promisify(execFile);

describe('demo', () => {
  let home: string;

  beforeEach(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-demo-'));
  });

  afterEach(async () => {
    await rm(home, { recursive: true, force: true });
  });

  it('shows the journey by itself, keeps the tokens in memory and says so, leaves nothing behind', async () => {
    const demo = await runCliProcess(['demo'], { HOME: home });
    expect(demo).toMatchObject({ exit: 0, stderr: '' });
    expect(demo.stdout).toContain('keeps the tokens in memory');
    expect(statusesIn(demo.stdout)).toEqual([401, 200, 401]);
    expect(demo.stdout).toContain('it was revoked');
    expect(await readdir(home)).toEqual([]);
  });

  it('prints one JSON document with --json', async () => {
    const demo = await runCliProcess(['demo', '--json'], { HOME: home });
    expect(demo).toMatchObject({ exit: 0, stderr: '' });
    expect(JSON.parse(demo.stdout)).toMatchObject({
      subject: 'alice',
      store: 'memory',
      calls: [
        { step: 'without_token', status: 401 },
        { step: 'with_token', status: 200 },
        { step: 'after_logout', status: 401 },
      ],
    });
  });

  const noKeyring = lacking('dbus-daemon', 'gnome-keyring-daemon', 'secret-tool');
  it.skipIf(noKeyring !== null)(
    `uses the keychain where one works, and empties it ${noKeyring ?? ''}`,
    async () => {
      const service = await startSecretService();
      const demo = await runCliProcess(['demo', '--json'], { ...service.env, HOME: home });
      expect(JSON.parse(demo.stdout)).toMatchObject({ store: 'keychain' });
      const left = await run('secret-tool', ['search', '--all', 'service', 'oauth-cli'], {
        env: service.env,
      });
      expect(left.stdout).toBe('');
      await service.close();
    },
  );

  it.skipIf(noKeyring !== null).each([5, 14, 20, 30])(
    `EXIT-02: leaves nothing in the keychain when its reader stops after %i lines ${noKeyring ?? ''}`,
    async (lines) => {
      const service = await startSecretService();
      const env = { ...service.env, HOME: home, PATH: process.env['PATH'] ?? '' };
      const shell = await run(
        'bash',
        [
          '-c',
          `"$0" "$1" demo | head -n ${lines}; echo "\${PIPESTATUS[0]}"`,
          process.execPath,
          bin,
        ],
        { env },
      );
      expect(shell.stdout.trim().split('\n').at(-1)).toBe('0');
      expect(shell.stderr).toBe('');
      const left = await run('secret-tool', ['search', '--all', 'service', 'oauth-cli'], { env });
      expect(left.stdout).toBe('');
      await service.close();
    },
  );

  const noBrowser = lacking('chromium');
  it.skipIf(noBrowser !== null)(
    `goes through the browser where there is one ${noBrowser ?? ''}`,
    async () => {
      const program = await createFakeBrowser();
      const demo = startCli(['demo'], { HOME: home, BROWSER: program.program });
      const [, password = ''] = await demo.waitFor(/as alice with the password\s+(\S+)/);
      const { args } = await program.nextLaunch();
      const browser = await launchChromium();
      const { page } = await localPage(browser);
      await page.goto(args[0]!);
      await page.getByLabel(/user/i).fill('alice');
      await page.getByLabel(/password/i).fill(password);
      await page.getByRole('button', { name: /log in/i }).click();
      await page.getByRole('button', { name: /allow/i }).click();
      await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
      expect(await demo.exit).toBe(0);
      expect(statusesIn(demo.stdout())).toEqual([401, 200, 401]);
      await browser.close();
      await program.close();
    },
  );

  it('cleans up after itself when it is interrupted', async () => {
    const program = await createFakeBrowser();
    const demo = startCli(['demo'], { HOME: home, BROWSER: program.program });
    await program.nextLaunch();
    demo.child.kill('SIGINT');
    expect(await demo.exit).toBe(130);
    expect(await readdir(home)).toEqual([]);
    await program.close();
  });
});

function statusesIn(text: string): number[] {
  return [...text.matchAll(/^ {3}(\d{3}) /gm)].map((match) => Number(match[1]));
}
