// Requests to the token endpoint: authorization code, device code and refresh (RFC 6749 §4.1.3, §6; RFC 8628 §3.4).

import * as oauth from 'oauth4webapi';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { AuthorizationResponse } from './authorization-response.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { requireEndpoint } from './authorization-server.ts';
import type { Client } from './client.ts';
import { clientAuthentication, wireClient } from './client.ts';
import { errorResponse, refuseErrorResponse, translateLibraryErrors } from './error-response.ts';
import { libraryOptions } from './library-options.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';
import { tokenEndpointResponse } from './token-endpoint-response.ts';
import type { TokenEndpointResponse } from './token-endpoint-response.ts';

/**
 * Redeems the authorization code; it is never sent a second time.
 * @throws OAuthError `oauth_error`; CliError `protocol_violation`, `network`, `timeout`
 * @see RFC 6749 §4.1.3; RFC 7636 §4.5
 */
export async function requestTokensByCode(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  request: AuthorizationRequest,
  response: AuthorizationResponse,
): Promise<TokenEndpointResponse> {
  requireEndpoint(server, 'token_endpoint');
  return translateLibraryErrors(async () => {
    const wire = await oauth.authorizationCodeGrantRequest(
      server,
      wireClient(client),
      clientAuthentication(client),
      response.parameters,
      request.redirectUri,
      request.codeVerifier,
      {
        ...libraryOptions(protocolFetch, server),
        additionalParameters: resourceParameters(request.resources),
      },
    );
    return process(wire, (copy) =>
      oauth.processAuthorizationCodeResponse(
        server,
        wireClient(client),
        copy,
        request.nonce === undefined ? {} : { expectedNonce: request.nonce, requireIdToken: true },
      ),
    );
  });
}

/**
 * Redeems a refresh token.
 * @throws OAuthError `oauth_error`; CliError `protocol_violation`, `network`, `timeout`
 * @see RFC 6749 §6
 */
export async function requestTokensByRefresh(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  refreshToken: string,
  resources: readonly string[],
): Promise<TokenEndpointResponse> {
  requireEndpoint(server, 'token_endpoint');
  return translateLibraryErrors(async () => {
    const wire = await oauth.refreshTokenGrantRequest(
      server,
      wireClient(client),
      clientAuthentication(client),
      refreshToken,
      {
        ...libraryOptions(protocolFetch, server),
        additionalParameters: resourceParameters(resources),
      },
    );
    return process(wire, (copy) =>
      oauth.processRefreshTokenResponse(server, wireClient(client), copy),
    );
  });
}

/**
 * One poll for the tokens of a device code.
 * @throws OAuthError `oauth_error`, also while the person has not approved yet; CliError as above
 * @see RFC 8628 §3.4, §3.5
 */
export async function requestTokensByDeviceCode(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  deviceCode: string,
): Promise<TokenEndpointResponse> {
  requireEndpoint(server, 'token_endpoint');
  return translateLibraryErrors(async () => {
    const wire = await oauth.deviceCodeGrantRequest(
      server,
      wireClient(client),
      clientAuthentication(client),
      deviceCode,
      libraryOptions(protocolFetch, server),
    );
    return process(wire, (copy) =>
      oauth.processDeviceCodeResponse(server, wireClient(client), copy),
    );
  });
}

async function process(
  response: Response,
  check: (response: Response) => Promise<oauth.TokenEndpointResponse>,
): Promise<TokenEndpointResponse> {
  await refuseErrorResponse(response, 'token endpoint');
  // The library parses expires_in leniently ("3600abc" is 3600 to it), so the value as sent is kept.
  const sent = (await response.clone().json()) as Record<string, unknown> | null;
  // GitHub, for one, answers errors with status 200.
  if (typeof sent?.['error'] === 'string' && sent['access_token'] === undefined) {
    throw errorResponse(sent, 'token endpoint', response.status);
  }
  return tokenEndpointResponse(await check(response), sent?.['expires_in']);
}

function resourceParameters(resources: readonly string[]): URLSearchParams {
  return new URLSearchParams(resources.map((resource): [string, string] => ['resource', resource]));
}
