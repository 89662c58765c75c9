// The account page, where a person sees which clients have access and takes it back, and the registration page.

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Accounts } from './accounts.ts';
import { createBrowserSessions, type BrowserSession } from './browser-sessions.ts';
import { csrfToken, isCsrfToken, readForm } from './form.ts';
import { saveGrant, type GrantContext } from './grants.ts';
import type { MemoryStore } from './memory-store.ts';
import { accountLoginPage, accountPage, registrationPage } from './pages/account-pages.ts';
import { errorPage } from './pages/error-page.ts';
import { sendPage, type Page } from './pages/page.ts';
import { describeScope } from './scopes.ts';

export type AccountOptions = GrantContext & {
  readonly issuer: string;
  readonly accounts: Accounts;
  readonly store: MemoryStore;
  readonly basePath: string;
  readonly csrfKey: Buffer;
};

type Handler = (request: IncomingMessage, response: ServerResponse) => Promise<void>;

export function createAccountHandlers(options: AccountOptions): {
  account: Handler;
  signup: Handler;
} {
  const sessions = createBrowserSessions(options.issuer);
  const submitted = async (
    request: IncomingMessage,
    response: ServerResponse,
    session: BrowserSession,
  ): Promise<URLSearchParams | null> => {
    const form = await readForm(request);
    if (form !== null && isCsrfToken(options.csrfKey, session.id, form.get('csrf_token')))
      return form;
    const description = 'The form did not come from the page of this server.';
    sendPage(response, 403, errorPage({ code: 'forbidden', description }));
    return null;
  };
  const seeOther = (response: ServerResponse, path: string) => {
    response.writeHead(303, { Location: `${options.basePath}${path}` });
    response.end();
  };

  return {
    async account(request, response) {
      const session = sessions.open(request, response);
      if (request.method !== 'POST') {
        sendPage(response, 200, await showAccount(options, session));
        return;
      }
      const form = await submitted(request, response, session);
      if (form === null) return;
      if (form.get('action') === 'log_in') {
        const username = form.get('username') ?? '';
        const account = await options.accounts.authenticate(username, form.get('password') ?? '');
        if (account === null) {
          sendPage(response, 400, showLogin(options, session, { username }));
          return;
        }
        sessions.renew(response, session, account.username);
      } else if (form.get('action') === 'log_out') {
        sessions.renew(response, session, null);
      } else if (session.username !== null) {
        await decide(options, session.username, form);
      }
      seeOther(response, '/account');
    },

    async signup(request, response) {
      const session = sessions.open(request, response);
      const interaction = interactionOf(request.url);
      const show = (status: number, username = '', problem?: string) => {
        const token = csrfToken(options.csrfKey, session.id);
        const { basePath } = options;
        const page = registrationPage({
          basePath,
          interaction,
          csrfToken: token,
          username,
          problem,
        });
        sendPage(response, status, page);
      };
      if (request.method !== 'POST') {
        show(200);
        return;
      }
      const form = await submitted(request, response, session);
      if (form === null) return;
      const username = (form.get('username') ?? '').trim();
      const password = form.get('password') ?? '';
      const problem = registrationProblem(options.accounts, username, password);
      if (problem !== null) {
        show(400, username, problem);
        return;
      }
      const name = (form.get('name') ?? '').trim();
      await options.accounts.create(username, password, name === '' ? {} : { name });
      sessions.renew(response, session, username);
      seeOther(response, interaction === null ? '/account' : `/interaction/${interaction}`);
    },
  };
}

/** The login that a person came from and goes back to. */
function interactionOf(url = ''): string | null {
  const value = new URL(url, 'http://localhost').searchParams.get('interaction');
  return value !== null && /^[\w-]{1,64}$/.test(value) ? value : null;
}

function registrationProblem(
  accounts: Accounts,
  username: string,
  password: string,
): string | null {
  if (!/^[\w.@+-]{1,64}$/.test(username)) {
    return 'A user name has 1 to 64 letters, digits and . _ @ + - only.';
  }
  if (accounts.find(username) !== null) return 'This user name is taken.';
  return password.length < 8 ? 'A password has at least 8 characters.' : null;
}

async function showAccount(options: AccountOptions, session: BrowserSession): Promise<Page> {
  const { username } = session;
  const account = username === null ? null : options.accounts.find(username);
  if (username === null || account === null) return showLogin(options, session);
  const { store, provider, basePath, csrfKey, scopes } = options;
  const clientName = async (id: unknown) => {
    const client = await provider.Client.find(String(id));
    return client?.clientName ?? String(id);
  };
  const grants = store.list('Grant').filter(({ payload }) => payload.accountId === username);
  const requests = store
    .list('BackchannelAuthenticationRequest')
    .filter(
      ({ payload: { accountId, grantId, error } }) => accountId === username && !grantId && !error,
    );
  return accountPage({
    basePath,
    username,
    csrfToken: csrfToken(csrfKey, session.id),
    grants: await Promise.all(
      grants.map(async ({ id, payload }) => {
        const { scope = '' } = (payload['openid'] ?? {}) as { scope?: string };
        const since = new Date((payload.iat ?? 0) * 1000).toISOString();
        return {
          id,
          clientName: await clientName(payload.clientId),
          scopes: scopes.known(scope).map(describeScope),
          since: since.slice(0, 16).replace('T', ' '),
        };
      }),
    ),
    requests: await Promise.all(
      requests.map(async ({ id, payload }) => ({
        id,
        clientName: await clientName(payload.clientId),
        message: bindingMessage(payload.params),
      })),
    ),
  });
}

function bindingMessage(parameters: unknown): string {
  const { binding_message } = (parameters ?? {}) as { binding_message?: unknown };
  return typeof binding_message === 'string' ? binding_message : '';
}

function showLogin(
  { basePath, csrfKey }: AccountOptions,
  session: BrowserSession,
  failed?: { readonly username: string },
): Page {
  const token = csrfToken(csrfKey, session.id);
  const username = failed?.username ?? '';
  return accountLoginPage({ basePath, csrfToken: token, username, failed: failed !== undefined });
}

async function decide(
  options: AccountOptions,
  username: string,
  form: URLSearchParams,
): Promise<void> {
  const { store, provider } = options;
  const id = form.get('id') ?? '';
  const action = form.get('action');
  if (action === 'revoke') {
    const grant = await store('Grant').find(id);
    if (grant?.accountId === username) await store.revokeGrant(id);
    return;
  }
  const request = await provider.BackchannelAuthenticationRequest.find(id);
  if (request?.accountId !== username || action !== 'approve') return;
  const parameters = (request.params ?? {}) as Record<string, unknown>;
  const clientId = request.clientId ?? '';
  const grantId = await saveGrant(options, { accountId: username, clientId, parameters });
  await provider.backchannelResult(request, grantId);
}
