// The protected resources that answer on this server, such as `GET /protected` (RFC 6750, RFC 9449 §7), and the
// metadata that leads a client from them to the authorization server (RFC 9728).

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { AccessTokenCheck, AccessTokens } from './access-tokens.ts';
import { clientCertificateThumbprint } from './client-certificate.ts';
import type { DpopProofs } from './dpop-proof.ts';
import { developmentOnly } from './provider-configuration.ts';
import type { Resource } from './resources.ts';
import { sendJson } from './respond.ts';

export type ProtectedResourceOptions = {
  readonly issuer: string;
  readonly resource: Resource;
  readonly metadataUrl: string;
  readonly accessTokens: AccessTokens;
  readonly dpopProofs: DpopProofs;
};

/** RFC 9728 §3.1: the well-known part goes between the host and the resource's path. */
export function resourceMetadataPath(resourceUri: string): string {
  return `/.well-known/oauth-protected-resource${new URL(resourceUri).pathname}`;
}

export function resourceMetadata(
  issuer: string,
  resource: Resource,
): Readonly<Record<string, unknown>> {
  return {
    resource: resource.uri,
    authorization_servers: [issuer],
    scopes_supported: resource.scopes,
    bearer_methods_supported: ['header'],
    resource_name: 'The protected resource of oauth-cli serve',
    resource_documentation: `${issuer}/`,
    dpop_signing_alg_values_supported: ['ES256', 'EdDSA', 'RS256', 'PS256'],
    development_only: developmentOnly,
  };
}

export function createProtectedResourceHandler(options: ProtectedResourceOptions) {
  const metadata = `resource_metadata="${options.metadataUrl}"`;

  return async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const presented = credentials(request);
    if (presented === null) {
      const message = 'An access token is needed here.';
      const challenge = `Bearer ${metadata}`;
      sendJson(response, 401, { message }, { 'WWW-Authenticate': challenge });
      return;
    }
    const { scheme, token } = presented;
    const check = await options.accessTokens.check(token);
    const problem = audienceProblem(check, options.resource.uri);
    const refusal =
      problem === null && check.active
        ? await bindingProblem(options, request, response, { ...presented, check })
        : { error: 'invalid_token', reason: problem ?? '' };
    if (refusal !== null) {
      const { error } = refusal;
      const description =
        error === 'invalid_token'
          ? `the access token is not valid: ${refusal.reason}`
          : refusal.reason;
      const challenge = `${scheme} ${metadata}, error="${error}", error_description="${description}"`;
      const body = { error, error_description: description };
      sendJson(response, 401, body, { 'WWW-Authenticate': challenge });
      return;
    }
    if (!check.active) return;
    const { sub, client_id, scope, authorization_details } = check.claims;
    const message = 'Hello, authenticated user!';
    sendJson(response, 200, { message, sub, client_id, scope, authorization_details });
  };
}

type Presented = { readonly scheme: 'Bearer' | 'DPoP'; readonly token: string };

/** What follows the scheme, well-formed or not; null when there is no token, or one of another scheme. */
function credentials(request: IncomingMessage): Presented | null {
  const [, scheme, token] =
    /^(bearer|dpop) +(\S.*)$/i.exec(request.headers.authorization ?? '') ?? [];
  if (scheme === undefined || token === undefined) return null;
  return { scheme: scheme.toLowerCase() === 'dpop' ? 'DPoP' : 'Bearer', token };
}

function audienceProblem(check: AccessTokenCheck, uri: string): string | null {
  if (!check.active) return check.reason;
  const { aud } = check.token;
  return aud === uri || (Array.isArray(aud) && aud.includes(uri))
    ? null
    : 'it is for another audience';
}

/** What is wrong with how the token is bound to its sender (RFC 9449 §7.1, RFC 8705 §3); null when nothing is. */
async function bindingProblem(
  { dpopProofs, resource }: ProtectedResourceOptions,
  request: IncomingMessage,
  response: ServerResponse,
  { scheme, token, check }: Presented & { check: AccessTokenCheck & { active: true } },
): Promise<{ error: string; reason: string } | null> {
  const invalid = (reason: string) => ({ error: 'invalid_token', reason });
  const { jkt, 'x5t#S256': certificate } = check.token;
  if (certificate !== undefined && certificate !== clientCertificateThumbprint(request)) {
    return invalid('it is bound to another client certificate');
  }
  if (jkt === undefined) return scheme === 'Bearer' ? null : invalid('it is not bound to a key');
  if (scheme !== 'DPoP') return invalid('it is bound to a key and needs a DPoP proof');
  const proof = await dpopProofs.check(request, token, resource.uri);
  response.setHeader('DPoP-Nonce', proof.nonce);
  if (!proof.ok) return proof;
  return proof.thumbprint === jkt ? null : invalid('it is bound to another key');
}
