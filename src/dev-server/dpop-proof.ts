// The DPoP proof that comes with a sender-constrained token at a protected resource (RFC 9449 §4.3 and §9).
// At its own endpoints the library checks proofs itself.

import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { calculateJwkThumbprint, EmbeddedJWK, jwtVerify, type JWTVerifyResult } from 'jose';
import ServerChallenge from 'oidc-provider/lib/helpers/challenge.js';
import type { MemoryStore } from './memory-store.ts';

export type DpopCheck =
  | { readonly ok: true; readonly thumbprint: string; readonly nonce: string }
  | {
      readonly ok: false;
      readonly error: 'invalid_dpop_proof' | 'use_dpop_nonce';
      readonly reason: string;
      readonly nonce: string;
    };

export type DpopProofsOptions = {
  /** 32 bytes. */
  readonly nonceSecret: Buffer;
  readonly requireNonce: () => boolean;
  readonly store: MemoryStore;
};

export interface DpopProofs {
  /** `url` is the protected resource's own, without query. */
  check(request: IncomingMessage, accessToken: string, url: string): Promise<DpopCheck>;
}

/** Seconds before and after now that a proof's `iat` may lie. */
const window = 300;
const algorithms = ['ES256', 'Ed25519', 'EdDSA', 'RS256', 'PS256', 'ES384', 'ES512'];

export function createDpopProofs({
  nonceSecret,
  requireNonce,
  store,
}: DpopProofsOptions): DpopProofs {
  const nonces = new ServerChallenge(nonceSecret, 'protected resource');
  const seen = store('ProtectedResourceDpopProof');

  return {
    async check(request, accessToken, url) {
      const nonce = nonces.nextChallenge();
      const bad = (reason: string): DpopCheck => ({
        ok: false,
        error: 'invalid_dpop_proof',
        reason,
        nonce,
      });
      const proof = await verify(request);
      if (proof === null) return bad('there is no good DPoP proof');
      const { payload, protectedHeader } = proof;
      const { jti, htm, htu, ath, iat } = payload;
      const proofNonce = typeof payload['nonce'] === 'string' ? payload['nonce'] : null;
      const now = Math.floor(Date.now() / 1000);
      if (typeof jti !== 'string' || typeof iat !== 'number') return bad('jti and iat are needed');
      if (htm !== request.method) return bad('htm does not match');
      if (withoutQuery(htu) !== url) return bad('htu does not match');
      if (ath !== createHash('sha256').update(accessToken).digest('base64url')) {
        return bad('ath does not match');
      }
      if (proofNonce === null && requireNonce()) {
        return { ok: false, error: 'use_dpop_nonce', reason: 'a nonce is needed', nonce };
      }
      if (proofNonce === null && Math.abs(now - iat) > window) {
        return bad('iat is not recent');
      }
      if (proofNonce !== null && !nonces.checkChallenge(proofNonce)) {
        return { ok: false, error: 'use_dpop_nonce', reason: 'the nonce is not good', nonce };
      }
      const thumbprint = await calculateJwkThumbprint(protectedHeader.jwk ?? {});
      const id = `${thumbprint}:${jti}`;
      if ((await seen.find(id)) !== undefined) return bad('the proof was used before');
      await seen.upsert(id, {}, 2 * window);
      return { ok: true, thumbprint, nonce };
    },
  };
}

async function verify(request: IncomingMessage): Promise<JWTVerifyResult | null> {
  const { dpop } = request.headers;
  if (typeof dpop !== 'string') return null;
  const options = { algorithms, typ: 'dpop+jwt' };
  return jwtVerify(dpop, EmbeddedJWK, options).catch(() => null);
}

function withoutQuery(htu: unknown): string | null {
  const url = typeof htu === 'string' && URL.canParse(htu) ? new URL(htu) : null;
  return url === null ? null : `${url.origin}${url.pathname}`;
}
