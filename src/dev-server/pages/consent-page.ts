// The page that asks a person whether a client may act for them. Everything the client chose itself is escaped and
// set apart from our own words (RFC 7591 §5).

import { describeScope } from '../scopes.ts';
import { html, nothing } from './html.ts';
import { createPage, type Page } from './page.ts';

export type ConsentPageOptions = {
  readonly clientName: string;
  readonly clientId: string;
  readonly username: string;
  readonly scopes: readonly string[];
  readonly resources: readonly string[];
  /** RFC 9396, as requested. */
  readonly authorizationDetails: readonly unknown[];
  /** Undefined in the device flow, which sends nobody anywhere. */
  readonly redirectUri: string | undefined;
  readonly action: string;
  readonly csrfToken: string;
  readonly formTargets: readonly string[];
};

export function consentPage(options: ConsentPageOptions): Page {
  const scopes = options.scopes.map(
    (scope) => html`<li><span>${describeScope(scope)}</span> <code>${scope}</code></li>`,
  );
  const main = html`
    <h1>Allow access?</h1>
    <p class="lead">
      <strong><bdi>${options.clientName}</bdi></strong> asks for access as
      <strong><bdi>${options.username}</bdi></strong
      >.
    </p>
    <h2>It will be able to</h2>
    <ul class="scopes">
      ${scopes}
    </ul>
    <dl>
      <dt>${options.resources.length === 1 ? 'For the resource' : 'For the resources'}</dt>
      ${options.resources.map((resource) => html`<dd><code>${resource}</code></dd>`)}
      ${options.authorizationDetails.map(
        (detail) =>
          html`<dt>In detail</dt>
            <dd><code>${JSON.stringify(detail)}</code></dd>`,
      )}
      ${
        options.redirectUri === undefined
          ? nothing
          : html`<dt>Sends you back to ${describeRedirectUri(options.redirectUri)}</dt>
              <dd><code>${options.redirectUri}</code></dd>`
      }
      <dt>Client id (it chose its name itself)</dt>
      <dd><code>${options.clientId}</code></dd>
    </dl>
    <form method="post" action="${options.action}">
      <input type="hidden" name="csrf_token" value="${options.csrfToken}" />
      <div class="actions">
        <button class="primary" type="submit" name="decision" value="allow">Allow</button>
        <button type="submit" name="decision" value="deny">Deny</button>
      </div>
    </form>
  `;
  return createPage({ title: 'Allow access?', main, formTargets: options.formTargets });
}

function describeRedirectUri(redirectUri: string): string {
  const { protocol, hostname } = new URL(redirectUri);
  if (protocol !== 'http:' && protocol !== 'https:') return 'an application on this device';
  const loopback = ['127.0.0.1', '[::1]', 'localhost'].includes(hostname);
  return loopback ? 'a program on this computer' : 'a web site';
}
