// The flows beyond the authorization code, each run by an independent client.

import { exportJWK, generateKeyPair, SignJWT, type CryptoKey } from 'jose';
import * as openid from 'openid-client';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';
import {
  authorizationUrl,
  codeGrant,
  pkce,
  postForm,
  redirectUri,
  refreshGrant,
  register,
  token,
} from '../unit/dev-server/independent-client.ts';

const secret = 'a-secret-of-at-least-thirty-two-bytes';
const deviceGrant = 'urn:ietf:params:oauth:grant-type:device_code';
const cibaGrant = 'urn:openid:params:grant-type:ciba';
const exchangeGrant = 'urn:ietf:params:oauth:grant-type:token-exchange';
const bearerGrant = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
const accessTokenType = 'urn:ietf:params:oauth:token-type:access_token';

let server: DevServer;
let strict: DevServer;
let key: { privateKey: CryptoKey; publicKey: CryptoKey };
let issuer: string;

beforeAll(async () => {
  key = await generateKeyPair('ES256', { extractable: true });
  const jwks = { keys: [{ ...(await exportJWK(key.publicKey)), kid: 'k1', alg: 'ES256' }] };
  const shared = { redirect_uris: [redirectUri], post_logout_redirect_uris: [redirectUri] };
  const grant_types = [
    ...['authorization_code', 'refresh_token', 'client_credentials'],
    ...[deviceGrant, cibaGrant, exchangeGrant, bearerGrant],
  ];
  const configuration = {
    auto_approve: 'bob',
    refresh_token_rotation: { grace_period: 60 },
    resources: [
      { resource: '/protected' },
      { resource: 'https://api.example/', scopes: ['orders:read'] },
    ],
    clients: [
      {
        ...{ client_id: 'key', token_endpoint_auth_method: 'private_key_jwt', grant_types, jwks },
        ...{ backchannel_token_delivery_mode: 'poll', request_object_signing_alg: 'ES256' },
        ...shared,
      },
      {
        ...{ client_id: 'hmac', client_secret: secret, grant_types: ['client_credentials'] },
        ...{ token_endpoint_auth_method: 'client_secret_jwt', redirect_uris: [] },
      },
      {
        ...{ client_id: 'app', client_secret: secret, ...shared },
        grant_types: grant_types.filter((name) => name !== cibaGrant),
      },
    ],
  };
  server = await startDevServer({ configuration });
  strict = await startDevServer({
    configuration: { ...configuration, dpop_nonce: 'required', refresh_token_rotation: {} },
  });
  issuer = server.issuer;
});
afterAll(async () => Promise.all([server.close(), strict.close()]));

// eslint-disable-next-line @typescript-eslint/no-deprecated -- deprecated to stand out; plain http on loopback is its use
const plainHttp = openid.allowInsecureRequests;

async function client(
  id: string,
  at = issuer,
  authentication: openid.ClientAuth = openid.ClientSecretBasic(secret),
): Promise<openid.Configuration> {
  const metadata = id === 'key' ? { introspection_signed_response_alg: 'ES256' } : {};
  return openid.discovery(new URL(at), id, metadata, authentication, { execute: [plainHttp] });
}

const withKey = async (at = issuer) =>
  client('key', at, openid.PrivateKeyJwt({ key: key.privateKey, kid: 'k1' }));

/** The URL that the server sends the browser back to. */
async function visit(url: URL): Promise<URL> {
  const response = await fetch(url, { redirect: 'manual' });
  const location = response.headers.get('location');
  if (location === null) throw new Error(await response.text());
  return new URL(location);
}

async function parameters(more: Record<string, string> = {}) {
  const pkceCodeVerifier = openid.randomPKCECodeVerifier();
  const query = {
    redirect_uri: redirectUri,
    scope: 'openid read',
    state: 'the-state',
    code_challenge: await openid.calculatePKCECodeChallenge(pkceCodeVerifier),
    code_challenge_method: 'S256',
    ...more,
  };
  return { query, checks: { pkceCodeVerifier, expectedState: 'the-state' } };
}

const call = async (accessToken: string) =>
  fetch(server.protectedResource, { headers: { Authorization: `Bearer ${accessToken}` } });

describe('DEVAS-14: an independent client', () => {
  it('pushes its request (PAR)', async () => {
    const config = await client('app');
    const { query, checks } = await parameters();
    const url = await openid.buildAuthorizationUrlWithPAR(config, query);
    expect([...url.searchParams.keys()].sort()).toEqual(['client_id', 'request_uri']);
    const tokens = await openid.authorizationCodeGrant(config, await visit(url), checks);
    expect((await call(tokens.access_token)).status).toBe(200);
  });

  it('signs its request (JAR) and authenticates with a key', async () => {
    const config = await withKey();
    const { query, checks } = await parameters();
    const url = await openid.buildAuthorizationUrlWithJAR(config, query, key.privateKey);
    const tokens = await openid.authorizationCodeGrant(config, await visit(url), checks);
    expect((await call(tokens.access_token)).status).toBe(200);
  });

  it('gets a signed response (JARM)', async () => {
    const config = await client('app');
    openid.useJwtResponseMode(config);
    const { query, checks } = await parameters();
    const back = await visit(openid.buildAuthorizationUrl(config, query));
    expect([...back.searchParams.keys()]).toEqual(['response']);
    const tokens = await openid.authorizationCodeGrant(config, back, checks);
    expect((await call(tokens.access_token)).status).toBe(200);
  });

  it('gets its response by form_post', async () => {
    const url = authorizationUrl(issuer, 'app', { response_mode: 'form_post' });
    const page = await (await fetch(url)).text();
    expect(page).toContain(`action="${redirectUri}"`);
    expect(page).toMatch(/name="code" value="[^"]+"/);
    expect(page).toMatch(/name="state" value="the-state"/);
  });

  it('authenticates with client_secret_jwt', async () => {
    const config = await client('hmac', issuer, openid.ClientSecretJwt(secret));
    const tokens = await openid.clientCredentialsGrant(config);
    expect((await call(tokens.access_token)).status).toBe(200);
  });

  it('asks for a resource and for authorization details', async () => {
    const config = await client('app');
    const details = [{ type: 'payment_initiation', amount: '1.00' }];
    const { query, checks } = await parameters({
      resource: 'https://api.example/',
      scope: 'orders:read',
      authorization_details: JSON.stringify(details),
    });
    const back = await visit(openid.buildAuthorizationUrl(config, query));
    const tokens = await openid.authorizationCodeGrant(config, back, checks);
    expect(tokens.authorization_details).toEqual(details);
    expect(await openid.tokenIntrospection(config, tokens.access_token)).toMatchObject({
      aud: 'https://api.example/',
      scope: 'orders:read',
      authorization_details: details,
    });
    expect((await call(tokens.access_token)).status).toBe(401);
  });

  it('gets an introspection response as a JWT', async () => {
    const config = await withKey();
    const { access_token } = await openid.clientCredentialsGrant(config);
    const claims = await openid.tokenIntrospection(config, access_token);
    expect(claims).toMatchObject({ active: true, client_id: 'key' });
  });

  it('exchanges a token for a narrower one, and names the actor', async () => {
    const config = await client('app');
    const { query, checks } = await parameters({ scope: 'openid read write' });
    const back = await visit(openid.buildAuthorizationUrl(config, query));
    const user = await openid.authorizationCodeGrant(config, back, checks);
    const own = await openid.clientCredentialsGrant(config);
    const exchanged = await openid.genericGrantRequest(config, exchangeGrant, {
      subject_token: user.access_token,
      subject_token_type: accessTokenType,
      actor_token: own.access_token,
      actor_token_type: accessTokenType,
      scope: 'read',
    });
    expect(exchanged).toMatchObject({ issued_token_type: accessTokenType, scope: 'read' });
    expect(await openid.tokenIntrospection(config, exchanged.access_token)).toMatchObject({
      sub: 'bob',
      act: { sub: 'app' },
      scope: 'read',
    });
    const wider = openid.genericGrantRequest(config, exchangeGrant, {
      subject_token: exchanged.access_token,
      subject_token_type: accessTokenType,
      scope: 'read write',
    });
    await expect(wider).rejects.toMatchObject({ error: 'invalid_grant' });
    const bogus = openid.genericGrantRequest(config, exchangeGrant, {
      subject_token: 'bogus',
      subject_token_type: accessTokenType,
    });
    await expect(bogus).rejects.toMatchObject({ error: 'invalid_request' });
  });

  it('redeems a JWT about a user, once (RFC 7523)', async () => {
    const config = await withKey();
    const sign = async (subject: string) =>
      new SignJWT({ jti: crypto.randomUUID() })
        .setProtectedHeader({ alg: 'ES256', kid: 'k1' })
        .setIssuer('key')
        .setSubject(subject)
        .setAudience(issuer)
        .setExpirationTime('1m')
        .sign(key.privateKey);
    const assertion = await sign('bob');
    const { access_token } = await openid.genericGrantRequest(config, bearerGrant, { assertion });
    expect(await (await call(access_token)).json()).toMatchObject({ sub: 'bob' });
    for (const bad of [assertion, await sign('mallory'), 'x.y.z']) {
      const again = openid.genericGrantRequest(config, bearerGrant, { assertion: bad });
      await expect(again).rejects.toMatchObject({ error: 'invalid_grant' });
    }
  });

  it('authenticates a user on another device (CIBA)', async () => {
    const config = await withKey();
    const request = await openid.initiateBackchannelAuthentication(config, {
      scope: 'openid read',
      login_hint: 'bob',
    });
    const tokens = await openid.pollBackchannelAuthenticationGrant(config, {
      ...request,
      interval: 1,
    });
    expect(tokens.claims()).toMatchObject({ sub: 'bob' });
    const unknown = openid.initiateBackchannelAuthentication(config, {
      scope: 'openid',
      login_hint: 'nobody',
    });
    await expect(unknown).rejects.toMatchObject({ error: 'unknown_user_id' });
  });

  it('finds the logout endpoint, which asks before it ends the session', async () => {
    const config = await client('app');
    const { query, checks } = await parameters();
    const back = await visit(openid.buildAuthorizationUrl(config, query));
    const tokens = await openid.authorizationCodeGrant(config, back, checks);
    const url = openid.buildEndSessionUrl(config, {
      id_token_hint: tokens.id_token!,
      post_logout_redirect_uri: redirectUri,
    });
    expect((await fetch(url)).status).toBe(200);
    url.searchParams.set('post_logout_redirect_uri', 'https://evil.example/');
    expect((await fetch(url)).status).toBe(400);
  });
});

describe('DEVAS-08: DPoP', () => {
  async function bound(at: DevServer) {
    const config = await client('app', at.issuer);
    const handle = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    const { query, checks } = await parameters();
    const back = await visit(openid.buildAuthorizationUrl(config, query));
    const options = { DPoP: handle };
    const tokens = await openid.authorizationCodeGrant(config, back, checks, undefined, options);
    const fetchIt = async (DPoP: openid.DPoPHandle = handle) =>
      openid.fetchProtectedResource(
        config,
        tokens.access_token,
        new URL(at.protectedResource),
        'GET',
        null,
        undefined,
        { DPoP },
      );
    return { config, tokens, fetchIt, options };
  }

  it('binds tokens to a key: at /protected, at userinfo and when refreshing', async () => {
    const { config, tokens, fetchIt, options } = await bound(server);
    expect(tokens.token_type).toBe('dpop');
    expect((await fetchIt()).status).toBe(200);
    const { access_token } = tokens;
    const userinfo = await openid.fetchUserInfo(config, access_token, 'bob', options);
    expect(userinfo.sub).toBe('bob');
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token!, {}, options);
    expect(refreshed.token_type).toBe('dpop');
    const other = openid.getDPoPHandle(config, await openid.randomDPoPKeyPair('ES256'));
    await expect(fetchIt(other)).rejects.toThrow();
    const asBearer = await call(access_token);
    expect(asBearer.status).toBe(401);
    expect(asBearer.headers.get('www-authenticate')).toContain('needs a DPoP proof');
  });

  it('demands a nonce at the token endpoint and at /protected where it is configured so', async () => {
    const { tokens, fetchIt } = await bound(strict);
    expect(tokens.token_type).toBe('dpop');
    expect((await fetchIt()).status).toBe(200);
  });

  it('refuses a proof that was used before', async () => {
    const { tokens } = await bound(server);
    const keys = await generateKeyPair('ES256');
    const proof = await new SignJWT({ htm: 'GET', htu: server.protectedResource, jti: 'same' })
      .setProtectedHeader({ alg: 'ES256', typ: 'dpop+jwt', jwk: await exportJWK(keys.publicKey) })
      .setIssuedAt()
      .sign(keys.privateKey);
    const headers = { Authorization: `DPoP ${tokens.access_token}`, DPoP: proof };
    const response = await fetch(server.protectedResource, { headers });
    expect(response.status).toBe(401);
    expect(response.headers.get('www-authenticate')).toMatch(/^DPoP .*ath does not match/);
  });
});

describe('DEVAS-09: the device flow', () => {
  const start = async () => {
    const { client_id } = await register(issuer, {
      grant_types: [deviceGrant, 'refresh_token'],
      redirect_uris: [],
      response_types: [],
    });
    const response = await postForm(`${issuer}/device_authorization`, { client_id, scope: 'read' });
    type Body = { device_code: string; user_code: string; interval: number };
    const body = (await response.json()) as Body;
    const poll = async () =>
      token(issuer, { grant_type: deviceGrant, client_id, device_code: body.device_code });
    return { ...body, poll };
  };

  it('announces its interval, and tells who polls too early to slow down', async () => {
    const { poll, interval, user_code } = await start();
    expect(interval).toBe(5);
    expect(user_code).toMatch(/^[A-Z]{4}-[A-Z]{4}$/);
    expect((await poll()).body.error).toBe('authorization_pending');
    expect((await poll()).body.error).toBe('slow_down');
    expect((await poll()).body.error_description).toContain('15 seconds');
  });

  it('refuses to guess on after twenty wrong user codes', async () => {
    const other = await startDevServer();
    const page = await fetch(`${other.issuer}/device`);
    const cookie = page.headers
      .getSetCookie()
      .map((line) => line.split(';', 1)[0])
      .join('; ');
    const xsrf = /name="xsrf" value="([^"]+)"/.exec(await page.text())![1]!;
    const guess = async () =>
      (await postForm(`${other.issuer}/device`, { xsrf, user_code: 'AAAA-AAAA' }, { cookie }))
        .status;
    const answers = [];
    for (let attempt = 0; attempt < 21; attempt++) answers.push(await guess());
    expect(answers).toEqual([...Array<number>(20).fill(400), 429]);
    await other.close();
  });
});

it('DEVAS-07: takes a rotated refresh token again within the grace period, and not without one', async () => {
  for (const [at, status] of [
    [server, 200],
    [strict, 400],
  ] as const) {
    const { client_id } = await register(at.issuer);
    const { verifier, challenge } = pkce();
    const back = await visit(
      new URL(authorizationUrl(at.issuer, client_id, { code_challenge: challenge })),
    );
    const code = back.searchParams.get('code')!;
    const { body } = await token(at.issuer, codeGrant(client_id, code, verifier));
    const refresh = async () => token(at.issuer, refreshGrant(client_id, body.refresh_token));
    expect((await refresh()).status).toBe(200);
    expect((await refresh()).status).toBe(status);
  }
});

it('runs several issuers on one port, which do not take each other’s tokens', async () => {
  const clients = [{ client_id: 'svc', client_secret: secret }];
  const both = await startDevServer({
    configuration: { clients, issuers: [{ path: '' }, { path: '/tenant' }] },
  });
  const tokens: string[] = [];
  for (const at of both.issuers) {
    const { origin, pathname } = new URL(at);
    const tenant = pathname === '/' ? '' : pathname;
    const places = [
      `${origin}/.well-known/oauth-authorization-server${tenant}`,
      `${at}/.well-known/openid-configuration`,
    ];
    for (const place of places) {
      const metadata = (await (await fetch(place)).json()) as { [name: string]: string };
      expect(metadata).toMatchObject({ issuer: at, token_endpoint: `${at}/token` });
    }
    const config = await client('svc', at);
    tokens.push((await openid.clientCredentialsGrant(config)).access_token);
  }
  const [root, tenant] = tokens;
  const ask = async (path: string, value: string) =>
    (await fetch(`${both.issuer}${path}`, { headers: { Authorization: `Bearer ${value}` } }))
      .status;
  expect(await ask('/protected', root!)).toBe(200);
  expect(await ask('/tenant/protected', tenant!)).toBe(200);
  expect(await ask('/protected', tenant!)).toBe(401);
  expect(await ask('/tenant/protected', root!)).toBe(401);
  await both.close();
});
