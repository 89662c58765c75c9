// Who may introspect and revoke whose tokens (RFC 7662 §2.1, RFC 7009 §2.1).

import type { Client, KoaContextWithOIDC } from 'oidc-provider';
import { InvalidRequest } from 'oidc-provider/lib/helpers/errors.js';

type IssuedToken = { readonly clientId?: string | undefined };

export const foreignToken = 'the token was issued to another client';

/** A public client sees its own tokens only; a client that authenticated sees all, as a protected resource must. */
export function mayIntrospect(
  _context: KoaContextWithOIDC,
  client: Client,
  token: IssuedToken,
): boolean {
  return client.clientAuthMethod !== 'none' || token.clientId === client.clientId;
}

/** @throws InvalidRequest when the token is another client's */
export function mayRevoke(
  _context: KoaContextWithOIDC,
  client: Client,
  token: IssuedToken,
): boolean {
  if (token.clientId !== client.clientId) throw new InvalidRequest(foreignToken);
  return true;
}
