// From a token endpoint response to a token set: absolute times, granted scope, and a validated ID token
// (RFC 6749 §5.1, OpenID Connect Core §3.1.3.7 and §12.2).

import { CliError } from '../errors.ts';
import { decodeJws } from '../jwt/decode.ts';
import type { IdTokenClaims } from '../jwt/id-token.ts';
import { idTokenAlgorithms, validateIdToken } from '../jwt/id-token.ts';
import type { VerificationKey } from '../jwt/jwk-set.ts';
import { parseJwkSet } from '../jwt/jwk-set.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { findEndpoint } from '../oauth/authorization-server.ts';
import type { Client } from '../oauth/client.ts';
import { fetchJwkSet } from '../oauth/jwk-set-request.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { TokenEndpointResponse } from '../oauth/token-endpoint-response.ts';
import type { TokenSet } from '../tokens/token-set.ts';

/** Seconds of clock difference that an ID token may show. */
const leeway = 30;

export type TokenSetContext = {
  readonly requestedScope: string | undefined;
  /** Sent with the authorization request; undefined when OpenID Connect was not asked for. */
  readonly nonce: string | undefined;
  /** OpenID Connect was asked for in a request that has no nonce. */
  readonly expectsIdToken?: boolean;
  /** The token set that was refreshed; null at a login. */
  readonly previous: TokenSet | null;
  /** From `fetchIdTokenKeys`; null when they could not be had, and a refreshed ID token is then left alone. */
  readonly keys: readonly VerificationKey[] | null;
};

/**
 * The keys for the server's ID tokens. They are fetched before tokens are asked for, so that between the arrival of a
 * rotated refresh token and its storing there is no request that could fail.
 */
export async function fetchIdTokenKeys(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
): Promise<readonly VerificationKey[]> {
  // A server that signs ID tokens with the client secret (HS256) need not publish keys.
  if (findEndpoint(server, 'jwks_uri') === null) return [];
  return parseJwkSet(await fetchJwkSet(protocolFetch, server));
}

/**
 * `receivedAt` is in milliseconds since 1970.
 * @throws CliError `protocol_violation` for an ID token that fails a check
 */
export function tokenSetOf(
  receivedAt: number,
  server: AuthorizationServer,
  client: Client,
  received: TokenEndpointResponse,
  context: TokenSetContext,
): TokenSet {
  const { previous, keys } = context;
  // Nobody asked for it: oauth4webapi has checked its claims, and it is not kept. @see OpenID Connect Core §3.1.3.5
  const asked =
    context.nonce !== undefined ||
    context.expectsIdToken === true ||
    previous?.idToken !== undefined;
  const idToken = asked && keys !== null ? received.idToken : undefined;
  const claims =
    idToken === undefined || keys === null
      ? undefined
      : validate(receivedAt, server, client, idToken, received, { ...context, keys });
  if (claims !== undefined && previous !== null && claims.sub !== previous.subject) {
    throw new CliError('protocol_violation', 'the refreshed ID token is for another subject', {
      hint: 'the tokens were not replaced; log in again if this goes on',
    });
  }
  return {
    issuer: server.issuer,
    clientId: client.clientId,
    accessToken: received.accessToken,
    tokenType: received.tokenType,
    expiresAt:
      received.expiresIn === undefined ? undefined : receivedAt + received.expiresIn * 1000,
    refreshToken: received.refreshToken ?? previous?.refreshToken,
    idToken: idToken ?? previous?.idToken,
    subject: claims?.sub ?? previous?.subject,
    scope: received.scope ?? context.requestedScope,
  };
}

function validate(
  now: number,
  server: AuthorizationServer,
  client: Client,
  idToken: string,
  received: TokenEndpointResponse,
  context: TokenSetContext & { readonly keys: readonly VerificationKey[] },
): IdTokenClaims {
  return validateIdToken(idToken, {
    issuer: server.issuer,
    clientId: client.clientId,
    nonce: context.nonce ?? nonceOf(context.previous?.idToken),
    isRefreshed: context.previous !== null,
    accessToken: received.accessToken,
    algorithms: idTokenAlgorithms(
      client.idTokenSignedResponseAlg,
      server.id_token_signing_alg_values_supported,
    ),
    keys: context.keys,
    clientSecret: client.clientSecret,
    now,
    leeway,
  });
}

/** Of an ID token that was validated when it was stored. */
function nonceOf(idToken: string | undefined): string | undefined {
  if (idToken === undefined) return undefined;
  const nonce = decodeJws(idToken).payload['nonce'];
  return typeof nonce === 'string' ? nonce : undefined;
}
