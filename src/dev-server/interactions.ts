// Logging in and consenting: the routes behind the two pages. A POST is answered 303, so that a browser does not
// repeat it, and the password with it, at the next address (RFC 9700 §4.12).

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { InteractionResults, Provider } from 'oidc-provider';
import { SessionNotFound } from 'oidc-provider/lib/helpers/errors.js';
import type { Accounts } from './accounts.ts';
import { csrfToken, isCsrfToken, readForm } from './form.ts';
import { formTargets } from './form-targets.ts';
import { requestedResources, saveGrant, type GrantContext } from './grants.ts';
import { consentPage } from './pages/consent-page.ts';
import { errorPage } from './pages/error-page.ts';
import { loginPage } from './pages/login-page.ts';
import { sendPage, type Page } from './pages/page.ts';

export type InteractionsOptions = GrantContext & {
  readonly accounts: Accounts;
  /** The issuer's path, without a slash at its end. */
  readonly basePath: string;
  readonly csrfKey: Buffer;
};

type Interaction = Awaited<ReturnType<Provider['interactionDetails']>>;

/** Handles `/interaction/<id>`, to which the library sends whoever has to log in or to consent. */
export function createInteractionHandler(options: InteractionsOptions) {
  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const interaction = await findInteraction(options.provider, request, response);
    if (interaction === null) {
      const description = 'This login has expired or was begun in another browser.';
      sendPage(response, 400, errorPage({ code: 'expired', description }));
    } else if (request.method === 'POST') {
      await submit(options, request, response, interaction);
    } else {
      sendPage(response, 200, await pageOf(options, interaction));
    }
  };
}

async function findInteraction(
  provider: Provider,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<Interaction | null> {
  try {
    return await provider.interactionDetails(request, response);
  } catch (error) {
    if (error instanceof SessionNotFound) return null;
    throw error;
  }
}

async function submit(
  options: InteractionsOptions,
  request: IncomingMessage,
  response: ServerResponse,
  interaction: Interaction,
): Promise<void> {
  const form = await readForm(request);
  if (form === null || !isCsrfToken(options.csrfKey, interaction.uid, form.get('csrf_token'))) {
    const description = 'The form did not come from the page of this server.';
    sendPage(response, 403, errorPage({ code: 'forbidden', description }));
    return;
  }
  const finish = (result: InteractionResults) =>
    options.provider.interactionFinished(request, response, result);
  if (interaction.prompt.name === 'login') {
    const username = form.get('username') ?? '';
    const result = await logIn(options.accounts, form, username);
    if (result === null) {
      sendPage(response, 400, await pageOf(options, interaction, { username }));
    } else {
      await finish(result);
    }
  } else {
    await finish(await consent(options, interaction, form));
  }
}

/** Null after a wrong user name or password. */
async function logIn(
  accounts: Accounts,
  form: URLSearchParams,
  username: string,
): Promise<InteractionResults | null> {
  if (form.get('decision') === 'cancel') return denial('the user cancelled the login');
  const account = await accounts.authenticate(username, form.get('password') ?? '');
  // Not remembered after the browser closes: cookies of 127.0.0.1 go to every port, and would pile up.
  return account === null ? null : { login: { accountId: account.username, remember: false } };
}

async function consent(
  options: InteractionsOptions,
  { params, session }: Interaction,
  form: URLSearchParams,
): Promise<InteractionResults> {
  if (form.get('decision') !== 'allow' || session === undefined) {
    return denial('the user denied access');
  }
  const grantId = await saveGrant(options, {
    accountId: session.accountId,
    clientId: String(params['client_id']),
    parameters: params,
  });
  return { consent: { grantId } };
}

const denial = (description: string): InteractionResults => ({
  error: 'access_denied',
  error_description: description,
});

/** The page of the interaction's prompt; `failed` when a login as `failed.username` has just failed. */
async function pageOf(
  { provider, accounts, resources, scopes, basePath, csrfKey }: InteractionsOptions,
  { uid, prompt, params, session }: Interaction,
  failed?: { readonly username: string },
): Promise<Page> {
  const client = await provider.Client.find(String(params['client_id']));
  if (client === undefined) return errorPage({ code: 'invalid_client' });
  // The device flow has none.
  const redirectUri =
    typeof params['redirect_uri'] === 'string' ? params['redirect_uri'] : undefined;
  const shared = {
    clientName: client.clientName ?? client.clientId,
    action: `${basePath}/interaction/${uid}`,
    csrfToken: csrfToken(csrfKey, uid),
    formTargets: redirectUri === undefined ? [] : formTargets(redirectUri),
  };
  if (prompt.name === 'login') {
    const hint = typeof params['login_hint'] === 'string' ? params['login_hint'] : '';
    const username = failed?.username ?? hint;
    const usernames = accounts.usernames();
    const registration = `${basePath}/signup?interaction=${uid}`;
    return loginPage({
      ...shared,
      registration,
      username,
      failed: failed !== undefined,
      usernames,
    });
  }
  return consentPage({
    ...shared,
    clientId: client.clientId,
    username: session?.accountId ?? '',
    scopes: scopes.known(String(params['scope'])),
    resources: requestedResources(params, resources),
    authorizationDetails: authorizationDetailsOf(params),
    redirectUri,
  });
}

function authorizationDetailsOf(params: Interaction['params']): readonly unknown[] {
  const details = params['authorization_details'];
  return typeof details === 'string' ? (JSON.parse(details) as unknown[]) : [];
}
