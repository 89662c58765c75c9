// What the protected resource says about tokens that the server itself would never issue.

import { generateKeyPairSync, randomBytes, createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import { createAccessTokens, type AccessTokens } from '../../../src/dev-server/access-tokens.ts';
import { createAccounts } from '../../../src/dev-server/accounts.ts';
import { generateServerKeys } from '../../../src/dev-server/keys.ts';
import { createMemoryStore } from '../../../src/dev-server/memory-store.ts';
import { createProvider } from '../../../src/dev-server/provider.ts';

const issuer = 'http://127.0.0.1:8080';
const audience = `${issuer}/protected`;
const keys = generateServerKeys();
const signingKey = createPrivateKey({ key: keys.signingKey, format: 'jwk' });

let accessTokens: AccessTokens;

beforeAll(async () => {
  const store = createMemoryStore();
  const provider = createProvider({
    issuer,
    protectedResource: audience,
    keys,
    accounts: createAccounts(),
    store,
    log: (line) => expect.unreachable(line),
  });
  await store('Client').upsert('the-client', {
    client_id: 'the-client',
    redirect_uris: [],
    grant_types: [],
    response_types: [],
    token_endpoint_auth_method: 'none',
  });
  const { verificationKey } = keys;
  accessTokens = createAccessTokens({ issuer, audience, verificationKey, provider, store });
});

const now = Math.floor(Date.now() / 1000);
const good: JWTPayload = {
  iss: issuer,
  aud: audience,
  sub: 'the-client',
  client_id: 'the-client',
  jti: 'id-1',
  exp: now + 60,
};

async function sign(
  claims: JWTPayload,
  header: { typ?: string; alg?: string } = {},
  key: KeyObject | Uint8Array = signingKey,
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header })
    .sign(key);
}

describe('access tokens', () => {
  it('accepts one that is right in every respect', async () => {
    expect(await accessTokens.check(await sign(good))).toMatchObject({ active: true });
  });

  it.each<[string, Record<string, unknown>]>([
    ['it is for another audience', { aud: 'https://other.example/' }],
    ['it is from another issuer', { iss: 'http://127.0.0.1:8081' }],
    ['it has expired', { exp: now - 1 }],
    ['its client does not exist any more', { client_id: 'nobody' }],
    ['its grant was revoked', { jti: 'unknown-grant.id' }],
    ['its claim jti is not acceptable', { jti: undefined }],
    ['its claim exp is not acceptable', { exp: undefined }],
    ['it is for another audience', { aud: undefined }],
  ])('says that %s (%j)', async (reason, change) => {
    const claims = { ...good, ...change };
    expect(await accessTokens.check(await sign(claims))).toEqual({ active: false, reason });
  });

  it.each(['JWT', 'dpop+jwt'])('refuses the type %s', async (typ) => {
    expect(await accessTokens.check(await sign(good, { typ }))).toEqual({
      active: false,
      reason: 'it is a JWT but not an access token',
    });
  });

  it('refuses another key', async () => {
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    expect(await accessTokens.check(await sign(good, {}, privateKey))).toEqual({
      active: false,
      reason: 'its signature is wrong',
    });
  });

  it.each(['HS256', 'none'])('refuses the algorithm %s', async (alg) => {
    const signed = await sign(good, { alg: 'HS256' }, randomBytes(32));
    const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
    const [, payload, signature] = signed.split('.');
    const token = `${header}.${payload}.${alg === 'none' ? '' : signature}`;
    expect(await accessTokens.check(token)).toEqual({
      active: false,
      reason: 'its signature algorithm is not ES256',
    });
  });
});
