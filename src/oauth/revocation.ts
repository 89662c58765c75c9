// Token revocation (RFC 7009).

import * as oauth from 'oauth4webapi';
import type { AuthorizationServer } from './authorization-server.ts';
import { requireEndpoint } from './authorization-server.ts';
import type { Client } from './client.ts';
import { clientAuthentication, wireClient } from './client.ts';
import { refuseErrorResponse, translateLibraryErrors } from './error-response.ts';
import { libraryOptions } from './library-options.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

/**
 * Revokes a token; 200 is success whatever the body says, also for a token that is no longer known.
 * @throws OAuthError `oauth_error`; CliError `protocol_violation`, `network`, `timeout`
 * @see RFC 7009 §2.1, §2.2
 */
export async function revokeToken(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  token: string,
  tokenTypeHint: 'access_token' | 'refresh_token',
): Promise<void> {
  requireEndpoint(server, 'revocation_endpoint');
  await translateLibraryErrors(async () => {
    const response = await oauth.revocationRequest(
      server,
      wireClient(client),
      clientAuthentication(client),
      token,
      {
        ...libraryOptions(protocolFetch, server),
        additionalParameters: { token_type_hint: tokenTypeHint },
      },
    );
    await refuseErrorResponse(response, 'revocation endpoint');
  });
}
