// The JWT access tokens of the protected resource (RFC 9068): whether one is good, and revoking one.
// oidc-provider issues them and forgets them; here the grant named in `jti` and a list of revoked ids decide.

import { errors, jwtVerify } from 'jose';
import type { Provider } from 'oidc-provider';
import type { KeyObject } from 'node:crypto';
import type { MemoryStore } from './memory-store.ts';

export type AccessTokenClaims = {
  readonly jti: string;
  readonly sub: string;
  readonly client_id: string;
  readonly scope?: string | undefined;
  readonly exp: number;
};

export type AccessTokenCheck =
  | { readonly active: true; readonly claims: AccessTokenClaims; readonly grantId: string | null }
  | { readonly active: false; readonly reason: string };

export interface AccessTokens {
  /** Whether the protected resource may accept this token now, and otherwise why not, in words. */
  check(token: string): Promise<AccessTokenCheck>;
  /** From now on `check` refuses the token; its refresh token lives on (RFC 7009 §2.1 leaves that open). */
  revoke(claims: AccessTokenClaims): Promise<void>;
}

export type AccessTokensOptions = {
  readonly issuer: string;
  readonly audience: string;
  readonly verificationKey: KeyObject;
  readonly provider: Provider;
  readonly store: MemoryStore;
};

export function createAccessTokens(options: AccessTokensOptions): AccessTokens {
  const { provider, store } = options;
  const revoked = store('RevokedAccessToken');

  return {
    async check(token) {
      const verified = await verify(token, options);
      if (typeof verified === 'string') return { active: false, reason: verified };
      const grantId = grantIdOf(verified);
      const client = await provider.Client.find(verified.client_id);
      if (client === undefined) return inactive('its client does not exist any more');
      if ((await revoked.find(verified.jti)) !== undefined) return inactive('it was revoked');
      if (grantId !== null && (await provider.Grant.find(grantId)) === undefined) {
        return inactive('its grant was revoked');
      }
      return { active: true, claims: verified, grantId };
    },
    async revoke({ jti, exp }) {
      await revoked.upsert(jti, {}, exp - Math.floor(Date.now() / 1000));
    },
  };
}

const inactive = (reason: string): AccessTokenCheck => ({ active: false, reason });

/** The claims of a token that is ours, for us and not expired; else what is wrong with it. */
async function verify(
  token: string,
  { issuer, audience, verificationKey }: AccessTokensOptions,
): Promise<AccessTokenClaims | string> {
  try {
    const { payload } = await jwtVerify<AccessTokenClaims>(token, verificationKey, {
      issuer,
      audience,
      typ: 'at+jwt',
      algorithms: ['ES256'],
      requiredClaims: ['jti', 'sub', 'client_id', 'exp'],
    });
    return payload;
  } catch (error) {
    if (error instanceof errors.JOSEError) return describeProblem(error);
    throw error;
  }
}

function describeProblem(error: errors.JOSEError): string {
  if (error instanceof errors.JWTExpired) return 'it has expired';
  if (error instanceof errors.JWTClaimValidationFailed) {
    if (error.claim === 'aud') return 'it is for another audience';
    if (error.claim === 'iss') return 'it is from another issuer';
    if (error.claim === 'typ') return 'it is a JWT but not an access token';
    return `its claim ${error.claim} is not acceptable`;
  }
  if (error instanceof errors.JWSSignatureVerificationFailed) return 'its signature is wrong';
  if (error instanceof errors.JOSEAlgNotAllowed) return 'its signature algorithm is not ES256';
  return 'it is malformed';
}

function grantIdOf({ jti }: AccessTokenClaims): string | null {
  const separator = jti.indexOf('.');
  return separator === -1 ? null : jti.slice(0, separator);
}
