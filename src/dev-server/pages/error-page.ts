// The page that a person sees where sending them back to the client would be wrong or impossible.

import { html, nothing } from './html.ts';
import { createPage, type Page } from './page.ts';

export type ErrorPageOptions = {
  /** The error code of the specification, such as `invalid_redirect_uri`. */
  readonly code: string;
  readonly description?: string | undefined;
};

const advice: Readonly<Record<string, string>> = {
  invalid_client:
    'The client is not registered here. This server forgets its clients when it stops: register the client again.',
  invalid_redirect_uri:
    'The redirect URI is not one that the client registered. Only the port of http://127.0.0.1 and http://[::1] may differ, and only for native clients.',
  expired:
    'Begin again from the program that sent you here, in one browser and with cookies allowed.',
};

export function errorPage({ code, description }: ErrorPageOptions): Page {
  const help = advice[code];
  const main = html`
    <h1>This did not work</h1>
    <p class="lead">
      You were not sent back to the program that asked, and nothing was shared with it.
    </p>
    <dl>
      <dt>Error</dt>
      <dd><code>${code}</code></dd>
      ${
        description === undefined
          ? nothing
          : html`<dt>Description</dt>
              <dd>${description}</dd>`
      }
    </dl>
    ${help === undefined ? nothing : html`<p class="note">${help}</p>`}
  `;
  return createPage({ title: 'This did not work', main });
}
