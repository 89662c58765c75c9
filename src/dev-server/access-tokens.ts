// The access tokens of the protected resources: whether one is good, and revoking one. oidc-provider keeps the opaque
// ones; it issues JWTs (RFC 9068) and forgets them, so a record of each is kept here, and lives as long as its grant.

import { decodeProtectedHeader, errors, jwtVerify } from 'jose';
import type { JWTPayload } from 'jose';
import type { AccessToken, AdapterPayload, ClientCredentials, Provider } from 'oidc-provider';
import type { ServerKeys } from './keys.ts';
import type { MemoryStore } from './memory-store.ts';

type IssuedToken = AccessToken | ClientCredentials;

export type AccessTokenCheck =
  | {
      readonly active: true;
      /** As in a JWT access token (RFC 9068 §2.2), whatever the format. */
      readonly claims: Readonly<Record<string, unknown>>;
      readonly token: IssuedToken;
    }
  | { readonly active: false; readonly reason: string };

export interface AccessTokens {
  /** Remembers a JWT access token at the moment it is made; `payload` gets its `jti`. */
  record(token: IssuedToken, payload: Record<string, unknown>): Promise<void>;
  /** Whether this server takes the token now, and otherwise why not, in words; the audience is the caller's to check. */
  check(token: string): Promise<AccessTokenCheck>;
  /** From now on `check` refuses the token; its refresh token lives on (RFC 7009 §2.1 leaves that open). */
  revoke(token: IssuedToken): Promise<void>;
}

export type AccessTokensOptions = {
  readonly issuer: string;
  readonly keys: ServerKeys;
  readonly store: MemoryStore;
  readonly provider: () => Provider;
};

/** What the library needs to make the token again; its own fields of the same names. */
const kept = ['accountId', 'aud', 'clientId', 'claims', 'exp', 'extra', 'grantId', 'gty', 'iat'];
const alsoKept = ['jkt', 'jti', 'kind', 'rar', 'scope', 'sid', 'x5t#S256'];

export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const records = options.store('JwtAccessToken');

  const live = async (value: string): Promise<IssuedToken | string> => {
    const { AccessToken, ClientCredentials } = options.provider();
    if (!value.includes('.')) {
      const opaque = (await AccessToken.find(value)) ?? (await ClientCredentials.find(value));
      return opaque ?? 'it is unknown, expired or revoked';
    }
    const verified = await verify(value, options);
    if (typeof verified === 'string') return verified;
    const record = await records.find(verified.jti ?? '');
    if (record === undefined) return 'it was revoked';
    const Kind = record.kind === 'ClientCredentials' ? ClientCredentials : AccessToken;
    return new Kind(record as never);
  };

  return {
    async record(token, payload) {
      const entries = [...kept, ...alsoKept].flatMap((name) => {
        const value = payload[name] ?? (token as unknown as Record<string, unknown>)[name];
        return value === undefined ? [] : [[name, value] as const];
      });
      const seconds = Number(payload['exp']) - Number(payload['iat']);
      const record = { ...Object.fromEntries(entries), jti: token.jti } as AdapterPayload;
      await records.upsert(token.jti, record, seconds);
    },
    async check(value) {
      const token = await live(value);
      if (typeof token === 'string') return { active: false, reason: token };
      const client = await options.provider().Client.find(token.clientId ?? '');
      if (client === undefined) return inactive('its client does not exist any more');
      return { active: true, token, claims: claimsOf(token, options.issuer) };
    },
    async revoke(token) {
      await records.destroy(token.jti);
      await token.destroy();
    },
  };
}

const inactive = (reason: string): AccessTokenCheck => ({ active: false, reason });

function claimsOf(token: IssuedToken, issuer: string): Record<string, unknown> {
  const { jkt, 'x5t#S256': x5t } = token;
  const cnf = { ...(jkt ? { jkt } : {}), ...(x5t ? { 'x5t#S256': x5t } : {}) };
  return {
    ...token.extra,
    iss: issuer,
    sub: 'accountId' in token ? token.accountId : token.clientId,
    aud: token.aud,
    client_id: token.clientId,
    scope: token.scope,
    iat: token.iat,
    exp: token.exp,
    jti: token.jti,
    authorization_details: token.rar,
    ...(Object.keys(cnf).length === 0 ? {} : { cnf }),
  };
}

/** The claims of a token that is ours and not expired; else what is wrong with it. */
async function verify(
  token: string,
  { issuer, keys }: AccessTokensOptions,
): Promise<JWTPayload | string> {
  try {
    const { alg } = decodeProtectedHeader(token);
    if (alg === undefined) return 'it is malformed';
    const key = keys.verificationKey(alg);
    if (key === null) return 'its signature algorithm is not one of this server';
    const { payload } = await jwtVerify(token, key, {
      issuer,
      typ: 'at+jwt',
      currentDate: new Date(Date.now()),
      requiredClaims: ['jti', 'sub', 'client_id', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return describeProblem(error);
    if (error instanceof TypeError) return 'it is malformed';
    throw error;
  }
}

function describeProblem(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'iss') return 'it is from another issuer';
    if (error.claim === 'typ') return 'it is a JWT but not an access token';
    return `its claim ${error.claim} is not acceptable`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  return 'it is malformed';
}
