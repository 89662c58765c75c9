// A client of the dev server made of plain HTTP requests; it shares no code with oauth-cli.

import { createHash, randomBytes } from 'node:crypto';

export type Registered = Record<string, string> & { client_id: string };
export type TokenResponse = {
  access_token: string;
  refresh_token: string;
  id_token: string;
  scope: string;
  error: string;
  error_description: string;
};

export const redirectUri = 'http://127.0.0.1:51234/callback';

export async function register(
  issuer: string,
  metadata: Record<string, unknown> = {},
): Promise<Registered> {
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({
      client_name: 'Independent client',
      application_type: 'native',
      redirect_uris: ['http://127.0.0.1/callback'],
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      ...metadata,
    }),
  });
  if (response.status !== 201) throw new Error(await response.text());
  return (await response.json()) as Registered;
}

export function pkce(): { verifier: string; challenge: string } {
  const verifier = randomBytes(32).toString('base64url');
  return { verifier, challenge: createHash('sha256').update(verifier).digest('base64url') };
}

/** The address of an authorization request; a parameter that is undefined is left out. */
export function authorizationUrl(
  issuer: string,
  clientId: string,
  parameters: Record<string, string | undefined> = {},
): string {
  const url = new URL(`${issuer}/authorize`);
  const all: Record<string, string | undefined> = {
    client_id: clientId,
    redirect_uri: redirectUri,
    response_type: 'code',
    scope: 'openid profile email',
    state: 'the-state',
    code_challenge: pkce().challenge,
    code_challenge_method: 'S256',
    ...parameters,
  };
  for (const [name, value] of Object.entries(all)) {
    if (value !== undefined) url.searchParams.set(name, value);
  }
  return url.href;
}

/** For a server with autoApprove: the parameters of the authorization response. */
export async function authorize(
  issuer: string,
  clientId: string,
  parameters: Record<string, string | undefined> = {},
): Promise<URLSearchParams> {
  const response = await fetch(authorizationUrl(issuer, clientId, parameters), {
    redirect: 'manual',
  });
  const location = response.headers.get('location');
  if (location === null) throw new Error(await response.text());
  return new URL(location).searchParams;
}

export async function postForm(
  url: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(url, { method: 'POST', headers, body: new URLSearchParams(form) });
}

export async function token(
  issuer: string,
  form: Record<string, string>,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: TokenResponse }> {
  const response = await postForm(`${issuer}/token`, form, headers);
  return { status: response.status, body: (await response.json()) as TokenResponse };
}

/** For a server with autoApprove: a whole authorization code grant. */
export async function logIn(
  issuer: string,
  clientId: string,
  parameters: Record<string, string | undefined> = {},
): Promise<TokenResponse & { code: string; verifier: string }> {
  const { verifier, challenge } = pkce();
  const response = await authorize(issuer, clientId, { code_challenge: challenge, ...parameters });
  const code = response.get('code') ?? '';
  const { status, body } = await token(issuer, codeGrant(clientId, code, verifier));
  if (status !== 200) throw new Error(JSON.stringify(body));
  return { ...body, code, verifier };
}

export function codeGrant(
  clientId: string,
  code: string,
  verifier: string,
): Record<string, string> {
  return {
    grant_type: 'authorization_code',
    client_id: clientId,
    code,
    code_verifier: verifier,
    redirect_uri: redirectUri,
  };
}

export function refreshGrant(clientId: string, refreshToken: string): Record<string, string> {
  return { grant_type: 'refresh_token', client_id: clientId, refresh_token: refreshToken };
}

export function basic(client: Registered): Record<string, string> {
  const credentials = `${client.client_id}:${client['client_secret'] ?? ''}`;
  return { Authorization: `Basic ${Buffer.from(credentials).toString('base64')}` };
}

export function bearer(accessToken: string): { headers: Record<string, string> } {
  return { headers: { Authorization: `Bearer ${accessToken}` } };
}

/** A browser without a screen: cookies by path, redirects one at a time. */
export function createBrowser() {
  const jar = new Map<string, { value: string; path: string }>();
  const send = async (url: string, options: RequestInit = {}): Promise<Response> => {
    const { pathname } = new URL(url);
    const cookie = [...jar]
      .filter(([, { path }]) => pathname.startsWith(path))
      .map(([name, { value }]) => `${name}=${value}`)
      .join('; ');
    const headers = { ...(options.headers as Record<string, string>), Cookie: cookie };
    const response = await fetch(url, { ...options, headers, redirect: 'manual' });
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? [];
      jar.set(name, { value, path: /path=([^;]+)/i.exec(line)?.[1] ?? '/' });
    }
    return response;
  };
  return {
    send,
    /** Follows redirects until there is a page or the next address is elsewhere. */
    async follow(url: string, response: Response): Promise<{ url: string; response: Response }> {
      const location = response.headers.get('location');
      if (location === null) return { url, response };
      const next = new URL(location, url);
      if (next.origin !== new URL(url).origin) return { url: next.href, response };
      return this.follow(next.href, await send(next.href));
    },
    async open(url: string): Promise<{ url: string; response: Response }> {
      return this.follow(url, await send(url));
    },
    async submit(url: string, form: Record<string, string>): Promise<Response> {
      return send(url, { method: 'POST', body: new URLSearchParams(form) });
    },
  };
}

export function csrfTokenIn(page: string): string {
  return /name="csrf_token" value="([^"]+)"/.exec(page)?.[1] ?? '';
}
