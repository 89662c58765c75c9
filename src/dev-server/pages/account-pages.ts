// The pages of a person's own account: registering, logging in, seeing who has access.

import { html, nothing, type Html } from './html.ts';
import { createPage, type Page } from './page.ts';

type Shared = { readonly basePath: string; readonly csrfToken: string };

export type GrantLine = {
  readonly id: string;
  readonly clientName: string;
  readonly scopes: readonly string[];
  /** Such as `2026-11-02 10:15`, in UTC. */
  readonly since: string;
};

export type RequestLine = {
  readonly id: string;
  readonly clientName: string;
  readonly message: string;
};

export function registrationPage(
  options: Shared & {
    readonly interaction: string | null;
    readonly username: string;
    readonly problem: string | undefined;
  },
): Page {
  const { basePath, interaction, problem } = options;
  const query = interaction === null ? '' : `?interaction=${interaction}`;
  const main = html`
    <h1>Create an account</h1>
    <p class="lead">It lasts until this server stops.</p>
    ${alert(problem)}
    <form method="post" action="${basePath}/signup${query}">
      ${token(options)} ${usernameField(options.username, problem !== undefined)}
      <label for="name">Your name (optional)</label>
      <input id="name" name="name" type="text" autocomplete="name" maxlength="100" />
      <label for="password">Password, at least 8 characters</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="new-password"
        minlength="8"
        required
      />
      <div class="actions"><button class="primary" type="submit">Create account</button></div>
    </form>
  `;
  return createPage({ title: 'Create an account', main });
}

export function accountLoginPage(
  options: Shared & { readonly username: string; readonly failed: boolean },
): Page {
  const { basePath, username, failed } = options;
  const problem = 'That user name and password do not match. Please try again.';
  const main = html`
    <h1>Your account</h1>
    <p class="lead">Log in to see which programs have access.</p>
    ${alert(failed ? problem : undefined)}
    <form method="post" action="${basePath}/account">
      ${token(options)} ${usernameField(username, failed)}
      <label for="password">Password</label>
      <input
        id="password"
        name="password"
        type="password"
        autocomplete="current-password"
        required
      />
      <div class="actions">
        <button class="primary" type="submit" name="action" value="log_in">Log in</button>
      </div>
    </form>
    <p class="note"><a href="${basePath}/signup">Create an account</a></p>
  `;
  return createPage({ title: 'Your account', main });
}

export function accountPage(
  options: Shared & {
    readonly username: string;
    readonly grants: readonly GrantLine[];
    readonly requests: readonly RequestLine[];
  },
): Page {
  const { basePath, username, grants, requests } = options;
  const button = (id: string, action: string, label: string, about: string) =>
    html`<form method="post" action="${basePath}/account">
      ${token(options)}<input type="hidden" name="id" value="${id}" />
      <button type="submit" name="action" value="${action}" aria-label="${label} ${about}">
        ${label}
      </button>
    </form>`;
  const main = html`
    <h1>Your account</h1>
    <p class="lead">
      You are <strong><bdi>${username}</bdi></strong
      >.
    </p>
    ${
      requests.length === 0
        ? nothing
        : html`<h2>Waiting for you</h2>
            <ul class="grants">
              ${requests.map(
                ({ id, clientName, message }) =>
                  html`<li>
                    <div>
                      <strong><bdi>${clientName}</bdi></strong> ${message}
                    </div>
                    ${button(id, 'approve', 'Approve', clientName)}
                  </li>`,
              )}
            </ul>`
    }
    <h2>Programs with access</h2>
    ${
      grants.length === 0
        ? html`<p>None.</p>`
        : html`<ul class="grants">
            ${grants.map(
              ({ id, clientName, scopes, since }) =>
                html`<li>
                  <div>
                    <strong><bdi>${clientName}</bdi></strong
                    ><br /><small>${scopes.join(' · ')}</small><br /><small
                      >since ${since} UTC</small
                    >
                  </div>
                  ${button(id, 'revoke', 'Revoke', clientName)}
                </li>`,
            )}
          </ul>`
    }
    <form method="post" action="${basePath}/account">
      ${token(options)}
      <div class="actions">
        <button type="submit" name="action" value="log_out">Log out</button>
      </div>
    </form>
  `;
  return createPage({ title: 'Your account', main });
}

const token = ({ csrfToken }: Shared): Html =>
  html`<input type="hidden" name="csrf_token" value="${csrfToken}" />`;

function alert(problem: string | undefined): Html {
  return problem === undefined
    ? nothing
    : html`<div class="alert" role="alert" id="problem">${problem}</div>`;
}

function usernameField(username: string, invalid: boolean): Html {
  const state = invalid ? html` aria-invalid="true" aria-describedby="problem"` : nothing;
  return html`<label for="username">User name</label>
    <input
      id="username"
      name="username"
      type="text"
      value="${username}"
      autocomplete="username"
      autocapitalize="none"
      spellcheck="false"
      required
      autofocus${state}
    />`;
}
