// What the protected resource says about tokens that the server itself would never issue.

import { generateKeyPairSync, randomBytes, createPrivateKey, type KeyObject } from 'node:crypto';
import { SignJWT, type JWTPayload } from 'jose';
import { beforeAll, describe, expect, it } from 'vitest';
import type { AccessTokens } from '../../../src/dev-server/access-tokens.ts';
import { effectiveConfiguration } from '../../../src/dev-server/configuration.ts';
import { createIssuer } from '../../../src/dev-server/issuer.ts';

const issuer = 'http://127.0.0.1:8080';
const audience = `${issuer}/protected`;

let signingKey: KeyObject;
let accessTokens: AccessTokens;

beforeAll(async () => {
  const server = createIssuer({
    issuer,
    configuration: effectiveConfiguration().issuers[0]!,
    autoApprove: undefined,
    log: (line) => expect.unreachable(line),
  });
  signingKey = createPrivateKey({ key: server.keys.signingKeys()[0]!, format: 'jwk' });
  await server.addClient({ client_id: 'the-client', client_secret: 's'.repeat(32) });
  const record = (jti: string, clientId: string) =>
    server.store('JwtAccessToken').upsert(jti, { kind: 'ClientCredentials', clientId, jti }, 60);
  await record('id-1', 'the-client');
  await record('id-2', 'nobody');
  ({ accessTokens } = server);
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
  key?: KeyObject | Uint8Array,
): Promise<string> {
  return new SignJWT(claims)
    .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', ...header })
    .sign(key ?? signingKey);
}

describe('access tokens', () => {
  it('accepts one that is right in every respect', async () => {
    expect(await accessTokens.check(await sign(good))).toMatchObject({ active: true });
  });

  it.each<[string, Record<string, unknown>]>([
    ['it is from another issuer', { iss: 'http://127.0.0.1:8081' }],
    ['it has expired', { exp: now - 1 }],
    ['its client does not exist any more', { jti: 'id-2' }],
    ['it was revoked', { jti: 'id-3' }],
    ['its claim jti is not acceptable', { jti: undefined }],
    ['its claim exp is not acceptable', { exp: undefined }],
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

  it.each([
    ['HS256', 'its signature is wrong'],
    ['none', 'its signature algorithm is not one of this server'],
  ])('refuses the algorithm %s of somebody else', async (alg, reason) => {
    const signed = await sign(good, { alg: 'HS256' }, randomBytes(32));
    const header = Buffer.from(JSON.stringify({ alg, typ: 'at+jwt' })).toString('base64url');
    const [, payload, signature] = signed.split('.');
    const token = `${header}.${payload}.${alg === 'none' ? '' : signature}`;
    expect(await accessTokens.check(token)).toEqual({ active: false, reason });
  });
});
