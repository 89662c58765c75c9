// The frame around every page, and the headers that every page is sent with.

import type { ServerResponse } from 'node:http';
import { html, type Html } from './html.ts';
import { style, styleHash } from './style.ts';

export type Page = { readonly headers: Readonly<Record<string, string>>; readonly body: string };

export type PageContent = {
  readonly title: string;
  readonly main: Html;
  readonly wide?: boolean;
  /** CSP sources that the page's form may lead to besides this server, by way of redirects. */
  readonly formTargets?: readonly string[];
};

export function createPage(content: PageContent): Page {
  return { headers: pageHeaders(content.formTargets ?? []), body: render(content).markup };
}

export function sendPage(response: ServerResponse, status: number, page: Page): void {
  response.writeHead(status, { ...page.headers, 'Content-Length': Buffer.byteLength(page.body) });
  response.end(page.body);
}

function pageHeaders(formTargets: readonly string[]): Record<string, string> {
  const policy = [
    `default-src 'none'`,
    `style-src '${styleHash}'`,
    ['form-action', `'self'`, ...formTargets].join(' '),
    `base-uri 'none'`,
    `frame-ancestors 'none'`,
  ];
  return {
    'Content-Type': 'text/html; charset=utf-8',
    'Content-Security-Policy': policy.join('; '),
    'X-Frame-Options': 'DENY',
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
  };
}

function render({ title, main, wide }: PageContent): Html {
  const styleElement: Html = { markup: `<style>${style}</style>` };
  return html`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <title>${title} · oauth-cli serve</title>
        ${styleElement}
      </head>
      <body class="${wide === true ? 'wide' : 'narrow'}">
        <header>
          <a href="/"
            ><svg
              viewBox="0 0 24 24"
              fill="none"
              stroke="currentColor"
              stroke-width="2"
              stroke-linecap="round"
              stroke-linejoin="round"
              aria-hidden="true"
            >
              <circle cx="8" cy="12" r="4.5" />
              <path d="M12.5 12H22M18 12v4" /></svg
            >oauth-cli serve</a
          >
          <span class="badge">Development only</span>
        </header>
        <main>${main}</main>
        <footer>
          A local authorization server for development. Accounts, keys and tokens are in memory and
          gone when it stops.
        </footer>
      </body>
    </html>`;
}
