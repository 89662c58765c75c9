// Authorization server metadata: where it is found and when it is believed (RFC 8414 §3, OpenID Connect Discovery §4).

import type { AuthorizationServer } from 'oauth4webapi';
import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';
import { checkIssuer, isDevelopmentIssuer } from './issuer.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type { AuthorizationServer };

/** The metadata members whose URL we send something to, or send the person to. */
export type EndpointName =
  | 'authorization_endpoint'
  | 'token_endpoint'
  | 'jwks_uri'
  | 'registration_endpoint'
  | 'revocation_endpoint'
  | 'userinfo_endpoint'
  | 'introspection_endpoint'
  | 'device_authorization_endpoint'
  | 'pushed_authorization_request_endpoint'
  | 'end_session_endpoint';

/**
 * Discovers the authorization server of an issuer: RFC 8414's place first, then OpenID Connect's.
 * When a person has typed the issuer, one trailing slash may be too many or too few; the issuer in the metadata is
 * the one that counts from then on.
 * @throws CliError `usage` for a bad issuer, `protocol_violation`, `network`, `timeout`
 * @see RFC 8414 §3.1, §3.3
 */
export async function discoverAuthorizationServer(
  protocolFetch: ProtocolFetch,
  wanted: string,
  options: { readonly typed?: boolean } = {},
): Promise<AuthorizationServer> {
  const issuer = checkIssuer(wanted);
  const accepted = options.typed === true ? [issuer, withOtherSlash(issuer)] : [issuer];
  const refusals: CliError[] = [];
  for (const place of metadataPlaces(issuer)) {
    try {
      const document = await requestMetadata(protocolFetch, place);
      if (document !== null) return checkMetadata(document, issuer, accepted);
    } catch (error) {
      // A server may answer one of the two places with a web page; the other one decides then.
      if (!(error instanceof MetadataRefusal)) throw error;
      refusals.push(error);
    }
  }
  throw (
    refusals[0] ??
    new MetadataRefusal(
      'protocol_violation',
      `${issuer} is not an authorization server: it has no metadata`,
      {
        hint: `looked at ${metadataPlaces(issuer)
          .map((url) => url.pathname)
          .join(' and ')}; check the issuer for a missing path`,
      },
    )
  );
}

/**
 * The URL of an endpoint, checked at the moment of use: https, or http on loopback for a development issuer.
 * @throws CliError `protocol_violation` naming the metadata member
 * @see RFC 8414 §2
 */
export function requireEndpoint(server: AuthorizationServer, name: EndpointName): URL {
  const url = findEndpoint(server, name);
  if (url === null) {
    throw new CliError('protocol_violation', `the authorization server's metadata has no ${name}`);
  }
  return url;
}

/** The same for an endpoint that a server need not have: null when the metadata does not name it. */
export function findEndpoint(server: AuthorizationServer, name: EndpointName): URL | null {
  const value: unknown = server[name];
  if (value === undefined) return null;
  const url = typeof value === 'string' && URL.canParse(value) ? new URL(value) : null;
  if (url === null || !/^https?:\/\/[^/\\]/i.test(value as string)) {
    throw badEndpoint(name, 'is not an https URL');
  }
  // new URL drops control characters, so that two different strings could name one endpoint.
  if (/[\u0000-\u0020\u007f\\]/.test(value as string)) {
    throw badEndpoint(name, 'contains characters that no URL has');
  }
  if (url.username !== '' || url.password !== '') {
    throw badEndpoint(name, 'contains a user name or password');
  }
  if ((value as string).includes('#')) throw badEndpoint(name, 'contains a fragment');
  if (url.protocol === 'https:') return url;
  if (isDevelopmentIssuer(server.issuer) && isLoopbackHost(url) !== 'no') return url;
  throw badEndpoint(name, 'does not use https');
}

function badEndpoint(name: EndpointName, what: string): CliError {
  return new CliError(
    'protocol_violation',
    `${name} in the authorization server's metadata ${what}`,
  );
}

/** No metadata, or none that can be believed, at one place or at both; another place may still be good. */
export class MetadataRefusal extends CliError {}

function metadataPlaces(issuer: string): readonly [URL, URL] {
  const url = new URL(issuer);
  const path = url.pathname.replace(/\/$/, '');
  const oauth = new URL(url);
  oauth.pathname = `/.well-known/oauth-authorization-server${path}`;
  const openid = new URL(url);
  openid.pathname = `${path}/.well-known/openid-configuration`;
  return [oauth, openid];
}

async function requestMetadata(
  protocolFetch: ProtocolFetch,
  url: URL,
): Promise<Record<string, unknown> | null> {
  let response;
  try {
    response = await protocolFetch(url.href, {
      method: 'GET',
      headers: { accept: 'application/json' },
      redirect: 'manual',
    });
  } catch (error) {
    if (error instanceof CliError && error.code === 'protocol_violation') {
      throw new MetadataRefusal(error.code, error.message, { hint: error.hint, cause: error });
    }
    throw error;
  }
  if (response.status === 404 || response.status === 405 || response.status === 410) return null;
  if (response.status !== 200) {
    throw new MetadataRefusal(
      'protocol_violation',
      `${url.href} answered with status ${response.status} instead of metadata`,
    );
  }
  const document: unknown = await response.json();
  if (typeof document !== 'object' || document === null || Array.isArray(document)) {
    throw new MetadataRefusal(
      'protocol_violation',
      `the metadata at ${url.href} is not a JSON object`,
    );
  }
  return document as Record<string, unknown>;
}

function checkMetadata(
  document: Record<string, unknown>,
  issuer: string,
  accepted: readonly string[],
): AuthorizationServer {
  const found = document['issuer'];
  if (typeof found !== 'string') {
    throw new CliError('protocol_violation', 'the metadata has no issuer');
  }
  if (!accepted.includes(found)) {
    throw new CliError(
      'protocol_violation',
      `the metadata is for the issuer ${found}, not for ${issuer}`,
      {
        hint: 'an issuer is compared character by character; if you trust that one, use it as the target',
      },
    );
  }
  return Object.freeze({ ...document, issuer: found });
}

/** The server that metadata given by hand describe. */
export function manualAuthorizationServer(
  issuer: string,
  members: Readonly<Record<string, unknown>>,
): AuthorizationServer {
  return Object.freeze({ ...members, issuer: checkIssuer(issuer) });
}

/**
 * A metadata document from a place that the user named.
 * @throws CliError `protocol_violation`, `network`, `timeout`
 */
export async function fetchMetadataDocument(
  protocolFetch: ProtocolFetch,
  url: URL,
): Promise<Record<string, unknown>> {
  const document = await requestMetadata(protocolFetch, url);
  if (document !== null) return document;
  throw new CliError('protocol_violation', `there are no metadata at ${url.href}`);
}

function withOtherSlash(issuer: string): string {
  return issuer.endsWith('/') ? issuer.slice(0, -1) : `${issuer}/`;
}
