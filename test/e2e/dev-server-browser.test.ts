// The pages in a real browser: by keyboard only, in both colour schemes, at both widths, under the real policy.

import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import { picture } from '../support/chromium.ts';
import {
  authorizationUrl,
  bearer,
  codeGrant,
  pkce,
  postForm,
  refreshGrant,
  register,
  token,
} from '../unit/dev-server/independent-client.ts';

const executablePath = '/usr/bin/chromium';
const required = process.env['OAUTH_CLI_TEST_REQUIRE_ALL'] === '1';
const missing = !existsSync(executablePath) && !required;

describe.skipIf(missing)(`the pages in Chromium (needs ${executablePath})`, () => {
  let browser: Browser;
  let server: DevServer;
  let client: Server;
  let redirectUri: string;

  beforeAll(async () => {
    const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
    const quiet = ['--disable-background-networking', '--disable-component-update'];
    browser = await chromium.launch({
      executablePath,
      args: [...args, ...quiet, '--disable-sync'],
    });
    server = await startDevServer();
    client = createServer((_request, response) => void response.end('back at the client')).listen(
      0,
      '127.0.0.1',
    );
    await once(client, 'listening');
    redirectUri = `http://127.0.0.1:${(client.address() as AddressInfo).port}/callback`;
  });
  afterAll(async () => {
    await browser.close();
    await server.close();
    client.closeAllConnections();
    client.close();
  });

  async function openLogin(page: Page, scope = 'openid read'): Promise<string[]> {
    const problems: string[] = [];
    page.on('console', (message) => {
      if (/Content Security Policy|Refused/i.test(message.text())) problems.push(message.text());
    });
    const { client_id } = await register(server.issuer, { client_name: 'W'.repeat(120) });
    await page.goto(
      authorizationUrl(server.issuer, client_id, { redirect_uri: redirectUri, scope }),
    );
    return problems;
  }

  it('DEVAS-10, DEVAS-11: lead by keyboard alone from the login to the client, and violate no policy', async () => {
    const page = await browser.newPage();
    const problems = await openLogin(page);
    const { username, password } = server.users[0]!;
    await page.keyboard.type(username);
    await page.keyboard.press('Tab');
    await page.keyboard.type(password);
    await page.keyboard.press('Enter');
    await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
    await page.getByRole('button', { name: 'Allow' }).focus();
    await page.keyboard.press('Enter');
    await page.waitForURL((url) => url.href.startsWith(redirectUri));
    expect(await page.textContent('body')).toBe('back at the client');
    const query = new URL(page.url()).searchParams;
    expect(query.get('code')).toMatch(/./);
    expect(query.get('iss')).toBe(server.issuer);
    expect(problems).toEqual([]);
    await page.close();
  });

  it('move the focus to the password after a wrong one, under an alert', async () => {
    const page = await browser.newPage();
    await openLogin(page);
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('wrong');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
    expect(await page.getByLabel('User name').inputValue()).toBe('alice');
    expect(await page.evaluate('document.activeElement.id')).toBe('password');
    await page.close();
  });

  it('DEVAS-10: are not shown in a frame', async () => {
    const page = await browser.newPage();
    await page.goto(redirectUri);
    await page.setContent(`<iframe src="${server.issuer}/"></iframe>`);
    const frame = page.frames()[1]!;
    await frame.waitForLoadState();
    expect(await frame.content()).not.toContain('oauth-cli serve');
    await page.close();
  });

  it('DEVAS-10: register a user, who logs in, consents, and revokes the grant, which ends the token', async () => {
    const page = await browser.newPage({ viewport: { width: 320, height: 640 } });
    const { client_id } = await register(server.issuer, { client_name: 'The client' });
    const { verifier, challenge } = pkce();
    const parameters = {
      redirect_uri: redirectUri,
      scope: 'openid read',
      code_challenge: challenge,
    };
    await page.goto(authorizationUrl(server.issuer, client_id, parameters));
    const fits = async (name: string) => {
      await picture(page, name);
      expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(320);
    };
    await page.getByRole('link', { name: 'Create an account' }).click();
    await page.getByLabel('User name').fill('alice');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Create account' }).click();
    expect(await page.getByRole('alert').textContent()).toContain('This user name is taken');
    await fits('serve-register');
    await page.getByLabel('User name').fill('carol');
    await page.getByLabel('Your name').fill('Carol <b>Danvers</b>');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Create account' }).click();
    await page.getByRole('heading', { name: 'Log in' }).waitFor();
    await page.getByLabel('User name').fill('carol');
    await page.getByLabel('Password').fill('correct horse');
    await page.getByRole('button', { name: 'Log in' }).click();
    await fits('serve-consent');
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.waitForURL((url) => url.href.startsWith(redirectUri));
    const code = new URL(page.url()).searchParams.get('code')!;
    const form = { ...codeGrant(client_id, code, verifier), redirect_uri: redirectUri };
    const { body } = await token(server.issuer, form);
    const call = async () => fetch(server.protectedResource, bearer(body.access_token));
    expect((await call()).status).toBe(200);
    await page.goto(`${server.issuer}/account`);
    expect(await page.textContent('main')).toContain('The client');
    await fits('serve-account');
    await page.getByRole('button', { name: 'Revoke The client' }).click();
    await page.getByText('None.').waitFor();
    const revoked = await call();
    expect(revoked.status).toBe(401);
    expect(revoked.headers.get('www-authenticate')).toContain('it was revoked');
    const refreshed = await token(server.issuer, refreshGrant(client_id, body.refresh_token));
    expect(refreshed.body.error).toBe('invalid_grant');
    await page.close();
  });

  it('DEVAS-09: connect a device, whose polling then gets a token', async () => {
    const page = await browser.newPage({
      viewport: { width: 320, height: 640 },
      colorScheme: 'dark',
    });
    const grant_type = 'urn:ietf:params:oauth:grant-type:device_code';
    const { client_id } = await register(server.issuer, {
      ...{ client_name: 'The device', grant_types: [grant_type], redirect_uris: [] },
      response_types: [],
    });
    const start = await postForm(`${server.issuer}/device_authorization`, {
      client_id,
      scope: 'read',
    });
    const device = (await start.json()) as { device_code: string; user_code: string };
    await page.goto(`${server.issuer}/device`);
    await page.getByLabel('Code').fill(device.user_code);
    await picture(page, 'serve-device');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByText(device.user_code).waitFor();
    await picture(page, 'serve-device-confirm');
    await page.getByRole('button', { name: 'Continue' }).click();
    await page.getByLabel('User name').fill(server.users[0]!.username);
    await page.getByLabel('Password').fill(server.users[0]!.password);
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByRole('heading', { name: 'Device connected' }).waitFor();
    const { body } = await token(server.issuer, {
      grant_type,
      client_id,
      device_code: device.device_code,
    });
    expect((await fetch(server.protectedResource, bearer(body.access_token))).status).toBe(200);
    await page.close();
  });

  describe.each(['light', 'dark'] as const)('in %s mode', (colorScheme) => {
    it.each([320, 1280])('fit into %i pixels and are styled', async (width) => {
      const page = await browser.newPage({ colorScheme, viewport: { width, height: 700 } });
      const measure = async () =>
        page.evaluate<[number, string]>(
          `[document.documentElement.scrollWidth, getComputedStyle(document.body).backgroundColor]`,
        );
      const background = colorScheme === 'light' ? 'rgb(244, 245, 247)' : 'rgb(16, 20, 27)';
      await openLogin(page, 'openid profile email read write');
      expect(await measure()).toEqual([width, background]);
      await page.getByLabel('User name').fill(server.users[0]!.username);
      await page.getByLabel('Password').fill(server.users[0]!.password);
      await page.getByRole('button', { name: 'Log in' }).click();
      await page.getByRole('heading', { name: 'Allow access?' }).waitFor();
      expect(await measure()).toEqual([width, background]);
      await page.goto(`${server.issuer}/`);
      expect(await measure()).toEqual([width, background]);
      await page.close();
    });
  });
});
