// Debian's Chromium, driven by playwright-core; pages from anywhere but this machine are refused.

import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { chromium } from 'playwright-core';

export const chromiumPath = '/usr/bin/chromium';

export async function launchChromium(): Promise<Browser> {
  return chromium.launch({
    executablePath: chromiumPath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** A page that may only talk to this machine; `foreign` lists what it asked for elsewhere. */
export async function localPage(browser: Browser): Promise<{ page: Page; foreign: string[] }> {
  const page = await browser.newPage();
  const foreign: string[] = [];
  await page.route(
    (url) => !['127.0.0.1', '[::1]', 'localhost'].includes(url.hostname),
    async (route) => {
      foreign.push(route.request().url());
      await route.abort();
    },
  );
  return { page, foreign };
}

/** A picture of the page for a person to look at, where a directory for them is named. */
export async function picture(page: Page, name: string): Promise<void> {
  const directory = process.env['OAUTH_CLI_TEST_PICTURES'];
  if (directory !== undefined) await page.screenshot({ path: path.join(directory, `${name}.png`) });
}
