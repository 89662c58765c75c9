// The page on which a person logs in.

import { html, nothing } from './html.ts';
import { createPage, type Page } from './page.ts';

export type LoginPageOptions = {
  readonly clientName: string;
  readonly action: string;
  /** Where a person without an account gets one, and comes back here. */
  readonly registration: string;
  readonly csrfToken: string;
  /** What to put into the user name field: what was typed before, or the request's login_hint. */
  readonly username: string;
  /** True after a wrong user name or password. */
  readonly failed: boolean;
  readonly usernames: readonly string[];
  readonly formTargets: readonly string[];
};

export function loginPage(options: LoginPageOptions): Page {
  const { clientName, action, csrfToken, username, failed, usernames, formTargets } = options;
  const focusPassword = username !== '';
  const autofocus = (wanted: boolean) => (wanted ? html` autofocus` : nothing);
  const invalid = failed ? html` aria-invalid="true" aria-describedby="problem"` : nothing;
  const main = html`
    <h1>Log in</h1>
    <p class="lead">
      to continue to <strong><bdi>${clientName}</bdi></strong>
    </p>
    ${
      failed
        ? html`<div class="alert" role="alert" id="problem">
            That user name and password do not match. Please try again.
          </div>`
        : nothing
    }
    <form method="post" action="${action}">
      <input type="hidden" name="csrf_token" value="${csrfToken}" />
      <label for="username">User name</label>
      <input
        id="username"
        name="username"
        type="text"
        value="${username}"
        autocomplete="username"
        autocapitalize="none"
        spellcheck="false"
        required${invalid}${autofocus(!focusPassword)}
      />
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required${invalid}${autofocus(focusPassword)}
      />
      <div class="actions">
        <button class="primary" type="submit" name="decision" value="log_in">Log in</button>
        <button type="submit" name="decision" value="cancel" formnovalidate>Cancel</button>
      </div>
    </form>
    <p class="note">
      ${usernames.length === 1 ? 'The account on this server is' : 'The accounts on this server are'}
      ${usernames.map((name, index) => html`${index === 0 ? '' : ', '}<strong><bdi>${name}</bdi></strong>`)}.
      The password is printed in the terminal that runs it.
      <a href="${options.registration}">Create an account</a>
    </p>
  `;
  return createPage({ title: 'Log in', main, formTargets });
}
