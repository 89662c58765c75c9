// A scripted authorization server on a real socket: correct unless a test bends one of its answers. It shares no
// code with the client or with `serve`.

import { createHash, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';

type Json = Record<string, unknown>;

export type Recorded = {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: URLSearchParams;
  readonly text: string;
};

/** Each bends what would be sent; returning the argument changes nothing. */
export type Script = {
  issuer?: (origin: string) => string;
  metadata?: (metadata: Json) => unknown;
  registration?: (response: Json) => unknown;
  registrationStatus?: number;
  authorization?: (parameters: URLSearchParams, request: URLSearchParams) => URLSearchParams;
  token?: (response: Json) => unknown;
  idTokenClaims?: (claims: Json) => Json;
  idTokenHeader?: (header: Json) => Json;
  idToken?: (jwt: string) => string;
  jwks?: (set: { keys: Json[] }) => unknown;
  /** Answers a path by hand; return false to go on as usual. */
  intercept?: (path: string, request: Recorded, response: ServerResponse) => boolean;
};

export type ScriptedServer = {
  readonly origin: string;
  readonly issuer: string;
  readonly requests: Recorded[];
  readonly privateKey: KeyObject;
  /** What a browser does: asks for authorization, follows the redirect, shows the page (its status and title). */
  browse(url: string): Promise<string>;
  close(): Promise<void>;
};

type Grant = {
  readonly nonce: string | null;
  readonly challenge: string;
  readonly redirectUri: string;
};

export async function startScriptedServer(script: Script = {}): Promise<ScriptedServer> {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const requests: Recorded[] = [];
  const grants = new Map<string, Grant>();
  const server = createServer((request, response) => {
    void record(request).then((recorded) => {
      requests.push(recorded);
      if (script.intercept?.(recorded.path, recorded, response) !== true)
        answer(recorded, response);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const issuer = script.issuer?.(origin) ?? origin;

  function answer(request: Recorded, response: ServerResponse): void {
    const { pathname, searchParams } = new URL(request.path, origin);
    if (pathname.startsWith('/.well-known/oauth-authorization-server')) {
      sendJson(response, 200, bend(script.metadata, metadataOf(origin, issuer)));
    } else if (pathname === '/jwks') {
      const jwk = {
        ...publicKey.export({ format: 'jwk' }),
        kid: 'k1',
        use: 'sig',
        alg: 'ES256',
      } as Json;
      sendJson(response, 200, bend(script.jwks, { keys: [jwk] }));
    } else if (pathname === '/register') {
      const registered = {
        client_id: `client-${randomUUID()}`,
        ...(JSON.parse(request.text) as Json),
      };
      sendJson(response, script.registrationStatus ?? 201, bend(script.registration, registered));
    } else if (pathname === '/authorize') {
      authorize(searchParams, response);
    } else if (pathname === '/token') {
      redeem(request, response);
    } else if (pathname === '/revoke') {
      response.writeHead(200).end();
    } else {
      response.writeHead(404, { 'content-type': 'text/plain' }).end('not found');
    }
  }

  function authorize(request: URLSearchParams, response: ServerResponse): void {
    const code = randomUUID();
    const redirectUri = request.get('redirect_uri')!;
    grants.set(code, {
      nonce: request.get('nonce'),
      challenge: request.get('code_challenge')!,
      redirectUri,
    });
    const good = new URLSearchParams({ code, state: request.get('state')!, iss: issuer });
    const parameters = script.authorization?.(good, request) ?? good;
    response.writeHead(303, { location: `${redirectUri}?${parameters.toString()}` }).end();
  }

  function redeem(request: Recorded, response: ServerResponse): void {
    const clientId = request.body.get('client_id') ?? basicCredentials(request)[0];
    const accessToken = `access-${randomUUID()}`;
    const grant = grants.get(request.body.get('code') ?? '');
    const isRefresh = request.body.get('grant_type') === 'refresh_token';
    if (!isRefresh && (grant === undefined || !redeems(grant, request.body))) {
      sendJson(response, 400, { error: 'invalid_grant' });
      return;
    }
    const now = Math.floor(Date.now() / 1000);
    const claims: Json = {
      iss: issuer,
      sub: 'alice',
      aud: clientId,
      iat: now,
      exp: now + 3600,
      ...(typeof grant?.nonce === 'string' ? { nonce: grant.nonce } : {}),
    };
    const jwt = signJwt(
      privateKey,
      script.idTokenHeader?.({ alg: 'ES256', kid: 'k1' }) ?? { alg: 'ES256', kid: 'k1' },
      script.idTokenClaims?.(claims) ?? claims,
    );
    sendJson(
      response,
      200,
      bend(script.token, {
        access_token: accessToken,
        token_type: 'Bearer',
        expires_in: 3600,
        refresh_token: `refresh-${randomUUID()}`,
        scope: 'openid offline_access',
        id_token: script.idToken?.(jwt) ?? jwt,
      }),
    );
  }

  return {
    origin,
    issuer,
    requests,
    privateKey,
    browse: async (url) => {
      const redirect = await navigate(url);
      const page = await navigate(redirect.location);
      return `${page.status} ${/<title>([^<]*)/.exec(page.body)?.[1] ?? ''}`;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** One GET as a browser makes it when somebody follows a link; not fetch, which says it is a script. */
export async function navigate(
  url: string,
): Promise<{ status: number; location: string; body: string }> {
  return new Promise((resolve, reject) => {
    const request = get(url, { agent: false }, (response) => {
      let body = '';
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      response.on('error', reject).on('end', () => {
        resolve({
          status: response.statusCode ?? 0,
          location: response.headers.location ?? '',
          body,
        });
      });
    });
    request.on('error', reject);
  });
}

/** Client id and secret of an Authorization header with Basic, form-decoded as RFC 6749 §2.3.1 has it. */
export function basicCredentials(request: Recorded): [id: string, secret: string] {
  const encoded = /^Basic (.*)$/.exec(request.headers.authorization ?? '')?.[1] ?? '';
  const [id = '', secret = ''] = Buffer.from(encoded, 'base64').toString().split(':');
  const decode = (text: string) => decodeURIComponent(text.replaceAll('+', ' '));
  return [decode(id), decode(secret)];
}

export function signJwt(key: KeyObject, header: Json, claims: Json): string {
  const encode = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
  const input = `${encode(header)}.${encode(claims)}`;
  const signature = sign('sha256', Buffer.from(input), { key, dsaEncoding: 'ieee-p1363' });
  return `${input}.${signature.toString('base64url')}`;
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}

function bend<T>(change: ((value: T) => unknown) | undefined, value: T): unknown {
  return change === undefined ? value : change(value);
}

function redeems(grant: Grant, body: URLSearchParams): boolean {
  const challenge = createHash('sha256')
    .update(body.get('code_verifier') ?? '')
    .digest('base64url');
  return challenge === grant.challenge && body.get('redirect_uri') === grant.redirectUri;
}

function metadataOf(origin: string, issuer: string): Json {
  return {
    issuer,
    authorization_endpoint: `${origin}/authorize`,
    token_endpoint: `${origin}/token`,
    registration_endpoint: `${origin}/register`,
    revocation_endpoint: `${origin}/revoke`,
    jwks_uri: `${origin}/jwks`,
    response_types_supported: ['code'],
    code_challenge_methods_supported: ['S256'],
    scopes_supported: ['openid', 'offline_access', 'email'],
    id_token_signing_alg_values_supported: ['ES256'],
    authorization_response_iss_parameter_supported: true,
  };
}

async function record(request: IncomingMessage): Promise<Recorded> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const text = Buffer.concat(chunks).toString();
  return {
    method: request.method ?? '',
    path: request.url ?? '',
    headers: request.headers,
    body: new URLSearchParams(text),
    text,
  };
}
