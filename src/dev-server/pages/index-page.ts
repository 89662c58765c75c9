// The page at `/`: what this server is and where its endpoints are.

import { html } from './html.ts';
import { createPage, type Page } from './page.ts';

export type IndexPageOptions = {
  readonly issuer: string;
  readonly protectedResource: string;
  /** Those that a browser can open are links. */
  readonly endpoints: readonly { name: string; path: string; link: boolean }[];
  readonly usernames: readonly string[];
};

export function indexPage({
  issuer,
  protectedResource,
  endpoints,
  usernames,
}: IndexPageOptions): Page {
  const rows = endpoints.map(
    ({ name, path, link }) =>
      html`<tr>
        <th scope="row">${name}</th>
        <td>
          ${link ? html`<a href="${path}"><code>${path}</code></a>` : html`<code>${path}</code>`}
        </td>
      </tr>`,
  );
  const main = html`
    <h1>A local authorization server</h1>
    <p class="lead">
      OAuth 2.0 and OpenID Connect for development and tests. It listens on this computer only, and
      its keys, clients, accounts and tokens last until it stops. Do not use it for anything else.
    </p>
    <table>
      <tr>
        <th scope="row">Issuer</th>
        <td><code>${issuer}</code></td>
      </tr>
      <tr>
        <th scope="row">Protected resource</th>
        <td><code>${protectedResource}</code></td>
      </tr>
      <tr>
        <th scope="row">Account</th>
        <td>${usernames.join(', ')} (password in the terminal)</td>
      </tr>
    </table>
    <h2>Endpoints</h2>
    <table>
      ${rows}
    </table>
    <h2>Try it</h2>
    <p>
      <code>oauth-cli login ${protectedResource}</code><br /><code
        >oauth-cli request ${protectedResource}</code
      >
    </p>
  `;
  return createPage({ title: 'A local authorization server', main, wide: true });
}
