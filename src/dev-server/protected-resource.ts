// The protected resource: `GET /protected` (RFC 6750) and the metadata that leads a client from it to the
// authorization server (RFC 9728).

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessTokens } from './access-tokens.ts';
import { developmentOnly } from './provider-configuration.ts';
import { sendJson } from './respond.ts';
import { resourceScopes } from './scopes.ts';

export const protectedResourcePath = '/protected';
export const resourceMetadataPath = `/.well-known/oauth-protected-resource${protectedResourcePath}`;

export function resourceMetadata(issuer: string): Readonly<Record<string, unknown>> {
  return {
    resource: `${issuer}${protectedResourcePath}`,
    authorization_servers: [issuer],
    scopes_supported: resourceScopes,
    bearer_methods_supported: ['header'],
    resource_name: 'The protected resource of oauth-cli serve',
    resource_documentation: `${issuer}/`,
    development_only: developmentOnly,
  };
}

export function createProtectedResourceHandler(issuer: string, accessTokens: AccessTokens) {
  const challenge = `Bearer resource_metadata="${issuer}${resourceMetadataPath}"`;

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const token = bearerToken(request);
    if (token === null) {
      const message = 'An access token is needed here.';
      sendJson(response, 401, { message }, { 'WWW-Authenticate': challenge });
      return;
    }
    const check = await accessTokens.check(token);
    if (check.active) {
      const { sub, client_id, scope } = check.claims;
      sendJson(response, 200, {
        message: 'Hello, authenticated user!',
        sub,
        client_id,
        scope,
      });
      return;
    }
    const description = `the access token is not valid: ${check.reason}`;
    sendJson(
      response,
      401,
      { error: 'invalid_token', error_description: description },
      {
        'WWW-Authenticate': `${challenge}, error="invalid_token", error_description="${description}"`,
      },
    );
  };
}

/** What follows the scheme, well-formed or not; null when there is no token, or one of another scheme. */
function bearerToken(request: IncomingMessage): string | null {
  return /^bearer +(\S.*)$/i.exec(request.headers.authorization ?? '')?.[1] ?? null;
}
