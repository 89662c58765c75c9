// The pages of the device authorization grant (RFC 8628 §3.3): the code, the question, the end.

import { html, nothing } from './html.ts';
import { createPage, type Page } from './page.ts';

type Form = { readonly action: string; readonly xsrf: string };

export function deviceInputPage(options: Form & { readonly problem: string | undefined }): Page {
  const { problem } = options;
  const invalid =
    problem === undefined ? nothing : html` aria-invalid="true" aria-describedby="problem"`;
  const main = html`
    <h1>Connect a device</h1>
    <p class="lead">Enter the code that the device shows.</p>
    ${
      problem === undefined
        ? nothing
        : html`<div class="alert" role="alert" id="problem">${problem}</div>`
    }
    <form method="post" action="${options.action}">
      <input type="hidden" name="xsrf" value="${options.xsrf}" />
      <label for="user_code">Code</label>
      <input
        id="user_code"
        name="user_code"
        type="text"
        autocomplete="off"
        autocapitalize="characters"
        spellcheck="false"
        required
        autofocus${invalid}
      />
      <div class="actions"><button class="primary" type="submit">Continue</button></div>
    </form>
  `;
  return createPage({ title: 'Connect a device', main });
}

export function deviceConfirmPage(
  options: Form & {
    readonly clientName: string;
    readonly userCode: string;
    readonly scopes: readonly string[];
  },
): Page {
  const main = html`
    <h1>Is this your device?</h1>
    <p class="lead">
      <strong><bdi>${options.clientName}</bdi></strong> asks for access. Go on only if the device in
      front of you shows this code:
    </p>
    <p class="user-code"><strong>${options.userCode}</strong></p>
    <ul class="scopes">
      ${options.scopes.map((scope) => html`<li>${scope}</li>`)}
    </ul>
    <form method="post" action="${options.action}">
      <input type="hidden" name="xsrf" value="${options.xsrf}" />
      <input type="hidden" name="user_code" value="${options.userCode}" />
      <div class="actions">
        <button class="primary" type="submit" name="confirm" value="yes" autofocus>Continue</button>
        <button type="submit" name="abort" value="yes">Refuse</button>
      </div>
    </form>
  `;
  return createPage({ title: 'Is this your device?', main });
}

export function deviceDonePage({ clientName }: { readonly clientName: string }): Page {
  const main = html`
    <h1>Device connected</h1>
    <p class="lead">
      <strong><bdi>${clientName}</bdi></strong> has access now. You can close this page.
    </p>
  `;
  return createPage({ title: 'Device connected', main });
}
