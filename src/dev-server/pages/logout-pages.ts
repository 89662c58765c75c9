// The pages of RP-initiated logout.

import { html } from './html.ts';
import { createPage, type Page } from './page.ts';

export type LogoutPageOptions = {
  readonly action: string;
  readonly xsrf: string;
  readonly username: string;
  readonly clientName: string | undefined;
  readonly formTargets: readonly string[];
};

export function logoutPage(options: LogoutPageOptions): Page {
  const asker = options.clientName ?? 'A program';
  const main = html`
    <h1>Log out?</h1>
    <p class="lead">
      <strong><bdi>${asker}</bdi></strong> asks to log
      <strong><bdi>${options.username}</bdi></strong> out of this server.
    </p>
    <form method="post" action="${options.action}">
      <input type="hidden" name="xsrf" value="${options.xsrf}" />
      <div class="actions">
        <button class="primary" type="submit" name="logout" value="yes" autofocus>Log out</button>
        <button type="submit">Stay logged in</button>
      </div>
    </form>
  `;
  return createPage({ title: 'Log out?', main, formTargets: options.formTargets });
}

export function loggedOutPage({ issuer }: { readonly issuer: string }): Page {
  const main = html`
    <h1>Logged out</h1>
    <p class="lead">The browser’s session at <code>${issuer}</code> is over.</p>
  `;
  return createPage({ title: 'Logged out', main });
}
