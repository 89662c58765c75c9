// Logging in and consenting through the pages, as a browser without a screen does it.

import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import {
  authorizationUrl,
  bearer,
  codeGrant,
  createBrowser,
  csrfTokenIn,
  pkce,
  redirectUri,
  register,
  token,
} from '../unit/dev-server/independent-client.ts';

let server: DevServer;
let issuer: string;

beforeAll(async () => {
  server = await startDevServer();
  issuer = server.issuer;
});
afterAll(async () => server.close());

const hostile = `"><script>alert(1)</script><img src=x onerror=alert(2)>'&`;

async function openLogin(parameters: Record<string, string> = {}, metadata = {}) {
  const client = await register(issuer, metadata);
  const browser = createBrowser();
  const opened = await browser.open(authorizationUrl(issuer, client.client_id, parameters));
  return { client, browser, url: opened.url, response: opened.response };
}

function credentials(): { username: string; password: string } {
  const { username, password } = server.users[0]!;
  return { username, password };
}

async function openConsent(parameters: Record<string, string> = {}, metadata = {}) {
  const login = await openLogin(parameters, metadata);
  const posted = await login.browser.submit(login.url, {
    ...credentials(),
    csrf_token: csrfTokenIn(await login.response.text()),
    decision: 'log_in',
  });
  const { url, response } = await login.browser.follow(login.url, posted);
  return { ...login, posted, url, response, page: await response.text() };
}

describe('the login page', () => {
  it('names who asks and which account exists, and not its password', async () => {
    const page = await (await openLogin({}, { client_name: 'Test tool' })).response.text();
    expect(page).toContain('Test tool');
    expect(page).toContain('<strong><bdi>alice</bdi></strong>');
    expect(page).not.toContain(server.users[0]!.password);
    expect(page).toMatch(/<input[^>]*id="username"[^>]*autofocus/);
  });

  it('says that user name and password do not match, and keeps the user name', async () => {
    const { browser, url, response } = await openLogin();
    const csrf_token = csrfTokenIn(await response.text());
    const form = { username: 'alice', password: 'wrong', csrf_token, decision: 'log_in' };
    const answer = await browser.submit(url, form);
    const page = await answer.text();
    expect(answer.status).toBe(400);
    expect(page).toContain('role="alert"');
    expect(page).toMatch(/<input[^>]*id="username"[^>]*value="alice"/);
    expect(page).toMatch(/<input[^>]*id="password"[^>]*autofocus/);
    expect(page).not.toContain('wrong');
    const again = await browser.submit(url, { ...form, ...credentials() });
    expect(again.status).toBe(303);
  });

  it('says the same for a user who does not exist', async () => {
    const { browser, url, response } = await openLogin();
    const csrf_token = csrfTokenIn(await response.text());
    const { password } = server.users[0]!;
    const form = { username: 'mallory', password, csrf_token, decision: 'log_in' };
    const answer = await browser.submit(url, form);
    expect(await answer.text()).toContain('That user name and password do not match');
  });

  it('can be cancelled', async () => {
    const { browser, url, response } = await openLogin();
    const csrf_token = csrfTokenIn(await response.text());
    const posted = await browser.submit(url, { csrf_token, decision: 'cancel' });
    const end = new URL((await browser.follow(url, posted)).url);
    expect(`${end.origin}${end.pathname}`).toBe(redirectUri);
    expect(end.searchParams.get('error')).toBe('access_denied');
    expect(end.searchParams.get('iss')).toBe(issuer);
  });
});

describe('the consent page', () => {
  it('says who asks, for which scopes in words, for which resource and where one is sent back', async () => {
    const { page, client } = await openConsent(
      { scope: 'openid email write unknown-scope' },
      { client_name: 'Test tool' },
    );
    for (const part of [
      'Test tool',
      client.client_id,
      'Know which user you are',
      'See your e-mail address',
      'Write to the protected resource',
      server.protectedResource,
      'a program on this computer',
      redirectUri,
    ]) {
      expect(page).toContain(part);
    }
    expect(page).not.toContain('unknown-scope');
    expect(page).not.toContain('Read from');
  });

  it('leads to a code when access is allowed', async () => {
    const { verifier, challenge } = pkce();
    const { browser, url, page, client } = await openConsent({ code_challenge: challenge });
    const form = { csrf_token: csrfTokenIn(page), decision: 'allow' };
    const end = new URL((await browser.follow(url, await browser.submit(url, form))).url);
    const grant = codeGrant(client.client_id, end.searchParams.get('code')!, verifier);
    const { body } = await token(issuer, grant);
    const response = await fetch(server.protectedResource, bearer(body.access_token));
    expect(await response.json()).toMatchObject({ sub: 'alice' });
  });

  it('leads to access_denied with iss when access is denied', async () => {
    const { browser, url, page } = await openConsent();
    const form = { csrf_token: csrfTokenIn(page), decision: 'deny' };
    const end = new URL((await browser.follow(url, await browser.submit(url, form))).url);
    expect(Object.fromEntries(end.searchParams)).toMatchObject({
      error: 'access_denied',
      state: 'the-state',
      iss: issuer,
    });
  });
});

describe('what the client chose', () => {
  it('DEVAS-10: is escaped on the login page', async () => {
    const { response } = await openLogin(
      { login_hint: hostile },
      { client_name: hostile, logo_uri: 'https://evil.example/logo.png' },
    );
    expectHarmless(await response.text());
  });

  it('DEVAS-10: is escaped on the consent page', async () => {
    const uri = `http://127.0.0.1/cb?x='&y=<b>`;
    const { page } = await openConsent(
      { redirect_uri: uri, scope: `openid ${hostile.replaceAll(/["\\ ]/g, '')}` },
      { client_name: hostile, redirect_uris: [uri], logo_uri: 'https://evil.example/logo.png' },
    );
    expectHarmless(page);
    expect(page).toContain('http://127.0.0.1/cb?x=&#39;&amp;y=&lt;b&gt;');
  });

  it('DEVAS-10: is escaped on the error page', async () => {
    const url = new URL(authorizationUrl(issuer, hostile, { redirect_uri: hostile }));
    url.searchParams.append('scope', hostile);
    expectHarmless(await (await fetch(url)).text());
  });

  function expectHarmless(page: string): void {
    expect(page).not.toMatch(/<script|<img|onerror=alert\(2\)>'/i);
    expect(page).not.toContain('evil.example');
    expect(page).toContain('oauth-cli serve');
  }
});

describe('every page', () => {
  const read = async (response: Response) => ({ response, page: await response.text() });
  const pages: [string, () => Promise<{ response: Response; page: string }>][] = [
    ['index', async () => read(await fetch(`${issuer}/`))],
    ['login', async () => read((await openLogin()).response)],
    ['consent', async () => openConsent()],
    ['error', async () => read(await fetch(`${issuer}/authorize?client_id=nobody`))],
    ['lost interaction', async () => read(await fetch(`${issuer}/interaction/unknown`))],
  ];

  it.each(pages)(
    'DEVAS-10, DEVAS-12: %s has a strict policy, loads nothing, is not cached, and says what it is for',
    async (_, open) => {
      const { response, page } = await open();
      const policy = response.headers.get('content-security-policy')!;
      expect(policy).toMatch(/^default-src 'none'; style-src 'sha256-[^']+'; form-action 'self'/);
      expect(policy).toContain(`frame-ancestors 'none'`);
      expect(policy).not.toContain('unsafe');
      expect(response.headers.get('x-frame-options')).toBe('DENY');
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(page).toContain('Development only');
      expect(page).not.toMatch(/<script|<link|<iframe|<object|\ssrc=|@import|url\(/);
    },
  );

  it('lets the form lead to the client, through the redirects that follow it', async () => {
    const { response } = await openLogin();
    expect(response.headers.get('content-security-policy')).toContain(
      `form-action 'self' http://127.0.0.1:51234;`,
    );
  });
});

describe('posted forms', () => {
  it.each(['', 'x', 'x'.repeat(43)])(
    'DEVAS-10: are refused with the CSRF token %j, on either page',
    async (csrf_token) => {
      const login = await openLogin();
      const loggedIn = { ...credentials(), csrf_token, decision: 'log_in' };
      expect((await login.browser.submit(login.url, loggedIn)).status).toBe(403);
      const consent = await openConsent();
      const allowed = { csrf_token, decision: 'allow' };
      expect((await consent.browser.submit(consent.url, allowed)).status).toBe(403);
    },
  );

  it('DEVAS-10: are refused with the CSRF token of another interaction', async () => {
    const [one, other] = [await openConsent(), await openConsent()];
    const form = { csrf_token: csrfTokenIn(other.page), decision: 'allow' };
    expect((await one.browser.submit(one.url, form)).status).toBe(403);
  });

  it('are refused without the cookie of the browser that began', async () => {
    const { url, page } = await openConsent();
    const form = { csrf_token: csrfTokenIn(page), decision: 'allow' };
    const response = await createBrowser().submit(url, form);
    expect(response.status).toBe(400);
    expect(await response.text()).toContain('was begun in another browser');
  });

  it('are refused when they are no forms, or too large', async () => {
    const { browser, url, page } = await openConsent();
    const csrf_token = csrfTokenIn(page);
    const body = JSON.stringify({ csrf_token, decision: 'allow' });
    const headers = { 'Content-Type': 'application/json' };
    expect((await browser.send(url, { method: 'POST', headers, body })).status).toBe(403);
    const large = { csrf_token, decision: 'allow', padding: 'x'.repeat(10_000) };
    expect((await browser.submit(url, large)).status).toBe(403);
  });

  it('DEVAS-11: are answered with 303', async () => {
    const { posted, browser, url, page } = await openConsent();
    expect(posted.status).toBe(303);
    const form = { csrf_token: csrfTokenIn(page), decision: 'allow' };
    expect((await browser.submit(url, form)).status).toBe(303);
  });
});

it('DEVAS-11: the authorization endpoint takes no part in CORS', async () => {
  const client = await register(issuer);
  const url = authorizationUrl(issuer, client.client_id);
  const headers = { Origin: 'https://app.example' };
  const answers = [
    await fetch(url, { headers, redirect: 'manual' }),
    await fetch(url, {
      method: 'OPTIONS',
      headers: { ...headers, 'Access-Control-Request-Method': 'GET' },
    }),
  ];
  for (const answer of answers) {
    expect([...answer.headers.keys()].join()).not.toContain('access-control');
  }
});
