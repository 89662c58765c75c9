// The whole journey on real parts: the built program as a child process, a real Secret Service, a real browser, and
// two servers that share no code with the client.

import { execFile } from 'node:child_process';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import type { Browser } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { launchChromium, localPage, picture } from '../support/chromium.ts';
import type { CliProcess } from '../support/cli-process.ts';
import { runCliProcess, startCli } from '../support/cli-process.ts';
import { startPlainProvider } from '../support/plain-oidc-provider.ts';
import type { SecretService } from '../support/secret-service.ts';
import { lacking } from '../support/requirements.ts';
import { startSecretService } from '../support/secret-service.ts';

const run = promisify(execFile);
const missing = lacking('chromium', 'dbus-daemon', 'gnome-keyring-daemon', 'secret-tool');

describe.skipIf(missing !== null)(
  `a login on real parts${missing === null ? '' : ` (${missing})`}`,
  () => {
    let secretService: SecretService;
    let browser: Browser;
    let home: string;
    let env: Record<string, string>;
    const running: CliProcess[] = [];

    beforeAll(async () => {
      secretService = await startSecretService();
      browser = await launchChromium();
      home = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-e2e-'));
      env = { ...secretService.env, OAUTH_CLI_HOME: path.join(home, 'state') };
    });

    afterAll(async () => {
      for (const cli of running) cli.child.kill('SIGKILL');
      await browser.close();
      await secretService.close();
      await rm(home, { recursive: true, force: true });
    });

    const start = (...argv: string[]) => {
      const cli = startCli(argv, env);
      running.push(cli);
      return cli;
    };
    const cli = (...argv: string[]) => runCliProcess(argv, env);

    it('goes through serve: login page, consent page, success page, keychain, request, decode, logout', async () => {
      const serve = start('serve');
      const [, issuer = ''] = await serve.waitFor(/issuer\s+(http:\S+)/);
      const [, password = ''] = await serve.waitFor(/user and password\s+alice\s+(\S+)/);

      const login = start('login', issuer, '--no-browser', '--profile', 'journey');
      const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
      const { page, foreign } = await localPage(browser);
      await page.goto(url);
      await picture(page, 'login');
      await page.getByLabel(/user/i).fill('alice');
      await page.getByLabel(/password/i).fill(password);
      await page.getByRole('button', { name: /log in|sign in/i }).click();
      await picture(page, 'consent');
      await page.getByRole('button', { name: /allow/i }).click();
      await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
      await picture(page, 'success');
      await page.close();
      expect(foreign).toEqual([]);
      expect(await login.exit).toBe(0);
      expect(login.stderr()).toContain('Logged in as alice');

      const token = (await cli('token')).stdout.trim();
      expect(token.split('.')).toHaveLength(3);
      const found = await run('secret-tool', ['search', '--all', 'service', 'oauth-cli'], {
        env: secretService.env,
      });
      expect(found.stdout).toContain(token);
      expect(await textOfFiles(home)).not.toContain(token);

      const request = await cli('request', `${issuer}/protected`);
      expect(request).toMatchObject({ exit: 0, stderr: '' });
      expect(request.stdout).toContain('Hello, authenticated user!');
      const decoded = await runCliProcess(['decode', '--json'], env, token);
      expect(JSON.parse(decoded.stdout)).toMatchObject({
        payload: { iss: issuer },
        verified: false,
      });
      expect((await cli('status', 'journey')).exit).toBe(0);

      const refreshed = await cli('token', '--refresh');
      expect(refreshed.exit).toBe(0);
      expect(refreshed.stdout.trim()).not.toBe(token);

      expect(await cli('logout')).toMatchObject({ exit: 0, stdout: '' });
      const refused = await fetch(`${issuer}/protected`, {
        headers: { authorization: `Bearer ${refreshed.stdout.trim()}` },
      });
      expect(refused.status).toBe(401);
      expect((await cli('status', 'journey')).exit).toBe(3);
      expect((await cli('token')).exit).toBe(3);
      serve.child.kill('SIGTERM');
      expect(await serve.exit).toBe(143);
    });

    it('goes through an oidc-provider that the test configures itself', async () => {
      const provider = await startPlainProvider();
      const login = start('login', provider.issuer, '--no-browser', '--profile', 'plain', '--json');
      const [url] = await login.waitFor(/http:\S+\/auth\?\S+/);
      const { page } = await localPage(browser);
      await page.goto(url);
      await page.locator('input[name=login]').fill('bob');
      await page.getByRole('button', { name: 'login' }).click();
      await page.getByRole('button', { name: 'consent' }).click();
      await page.getByRole('heading', { name: 'You are logged in' }).waitFor();
      await page.close();
      expect(await login.exit).toBe(0);
      expect(JSON.parse(login.stdout())).toMatchObject({
        profile: 'plain',
        subject: 'bob',
        store: 'keychain',
      });

      const userinfo = await cli('request', `${provider.issuer}/me`);
      expect(JSON.parse(userinfo.stdout)).toEqual({ sub: 'bob' });
      const before = (await cli('token')).stdout;
      expect((await cli('token', '--refresh')).stdout).not.toBe(before);
      expect((await cli('logout', 'plain')).exit).toBe(0);
      await provider.close();
    });

    it('ends with authorization_denied when the person denies, and stores nothing', async () => {
      const serve = start('serve');
      const [, issuer = ''] = await serve.waitFor(/issuer\s+(http:\S+)/);
      const [, password = ''] = await serve.waitFor(/user and password\s+alice\s+(\S+)/);
      const login = start('login', issuer, '--no-browser', '--profile', 'denied');
      const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
      const { page } = await localPage(browser);
      await page.goto(url);
      await page.getByLabel(/user/i).fill('alice');
      await page.getByLabel(/password/i).fill(password);
      await page.getByRole('button', { name: /log in|sign in/i }).click();
      await page.getByRole('button', { name: /deny/i }).click();
      await page.getByRole('heading', { name: 'Access was not granted' }).waitFor();
      await picture(page, 'denied');
      await page.close();
      expect(await login.exit).toBe(4);
      expect(login.stderr()).toContain('access_denied');
      expect((await cli('status', 'denied')).exit).toBe(2);
      serve.child.kill('SIGINT');
      expect(await serve.exit).toBe(130);
    });
  },
);

async function textOfFiles(directory: string): Promise<string> {
  const entries = await readdir(directory, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  const texts = await Promise.all(
    files.map((file) => readFile(path.join(file.parentPath, file.name), 'utf8')),
  );
  return texts.join('\n');
}
