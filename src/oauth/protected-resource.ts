// Protected resource metadata: from the URL of an API to its authorization servers (RFC 9728).

import type { Environment, HttpHeaders } from '../environment.ts';
import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';
import { userAgent } from '../version.ts';
import type { Challenge } from './challenge.ts';
import { parseChallenges } from './challenge.ts';
import { checkIssuer } from './issuer.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type ProtectedResource = {
  /** The resource indicator, as the metadata have it; RFC 8707. */
  readonly resource: string;
  /** Issuers; empty when the metadata name none. */
  readonly authorizationServers: readonly string[];
  /** What the challenge asks for, else what the metadata list. */
  readonly scope: string | undefined;
  /** Where the metadata were. */
  readonly metadataUrl: string;
  /** Metadata that are signed are not verified: only the plain members are used. @see RFC 9728 §2.2 */
  readonly hasSignedMetadata: boolean;
};

/**
 * Asks the resource without a token; its challenge names the metadata, or they are at the well-known place.
 * Null when neither leads anywhere.
 * @throws CliError `protocol_violation` for metadata of another resource, `network`, `timeout`
 * @see RFC 9728 §3.1, §3.3, §5.1
 */
export async function discoverProtectedResource(
  environment: Pick<Environment, 'http' | 'cancelled'>,
  protocolFetch: ProtocolFetch,
  target: string,
): Promise<ProtectedResource | null> {
  const url = new URL(target);
  const challenge = await requestChallenge(environment, url);
  const named = challenge?.parameters.get('resource_metadata');
  const scope = challenge?.parameters.get('scope');
  if (named !== undefined) {
    const place = learntUrl(named, url, 'resource_metadata in the challenge');
    const document = await requestDocument(protocolFetch, place);
    if (document !== null) return protectedResource(document, place, scope, contains(url));
    throw violation(`there are no metadata at ${place.href}, where the challenge says they are`);
  }
  for (const [place, identifier] of wellKnownPlaces(url)) {
    const document = await requestDocument(protocolFetch, place);
    if (document !== null) return protectedResource(document, place, scope, equals(identifier));
  }
  return null;
}

async function requestChallenge(
  { http, cancelled }: Pick<Environment, 'http' | 'cancelled'>,
  url: URL,
): Promise<Challenge | undefined> {
  const headers: HttpHeaders = [
    ['user-agent', userAgent],
    ['accept', '*/*'],
    ['accept-encoding', 'identity'],
  ];
  const response = await http.send({
    method: 'GET',
    url,
    headers,
    connectTimeout: 5_000,
    timeout: 10_000,
    signal: cancelled,
  });
  await response.body[Symbol.asyncIterator]().return?.();
  const challenges = response.headers
    .filter(([name]) => name.toLowerCase() === 'www-authenticate')
    .flatMap(([, value]) => parseChallenges(value))
    .filter(({ scheme }) => scheme === 'bearer' || scheme === 'dpop');
  return challenges.find(({ parameters }) => parameters.has('resource_metadata')) ?? challenges[0];
}

/** With the path inserted after the host, then the origin's own. @see RFC 9728 §3.1 */
function wellKnownPlaces(url: URL): readonly (readonly [place: URL, identifier: string])[] {
  const name = '/.well-known/oauth-protected-resource';
  const path = url.pathname.replace(/\/$/, '');
  const root: readonly [URL, string] = [new URL(name, url), url.origin];
  return path === '' ? [root] : [[new URL(`${name}${path}`, url), `${url.origin}${path}`], root];
}

async function requestDocument(
  protocolFetch: ProtocolFetch,
  place: URL,
): Promise<Record<string, unknown> | null> {
  const response = await protocolFetch(place.href, {
    method: 'GET',
    headers: { accept: 'application/json' },
    redirect: 'manual',
  }).catch((error: unknown) => {
    // A web page where metadata could be, which they then are not.
    if (error instanceof CliError && error.code === 'protocol_violation') return null;
    throw error;
  });
  if (response?.status !== 200) return null;
  const document: unknown = await response.json();
  if (typeof document === 'object' && document !== null && !Array.isArray(document)) {
    return document as Record<string, unknown>;
  }
  throw violation(`the metadata at ${place.href} are not a JSON object`);
}

function protectedResource(
  document: Record<string, unknown>,
  place: URL,
  scope: string | undefined,
  isResource: (resource: string) => boolean,
): ProtectedResource {
  const { resource, authorization_servers: servers } = document;
  if (typeof resource !== 'string' || !isResource(resource)) {
    throw violation(
      `the metadata at ${place.href} are for ${typeof resource === 'string' ? `the resource ${resource}` : 'no resource'}, not for the one that was asked`,
      'nobody was sent anywhere; log in at the authorization server itself if you know it',
    );
  }
  if (servers !== undefined && !isListOfStrings(servers)) {
    throw violation(`authorization_servers at ${place.href} is not a list of issuers`);
  }
  for (const server of servers ?? []) learntIssuer(server, place);
  const supported = document['scopes_supported'];
  return {
    resource,
    authorizationServers: servers ?? [],
    scope: scope ?? (isListOfStrings(supported) ? supported.join(' ') : undefined),
    metadataUrl: place.href,
    hasSignedMetadata: document['signed_metadata'] !== undefined,
  };
}

/** Identical to the identifier that led to the metadata; an origin has two spellings. @see RFC 9728 §3.3 */
function equals(identifier: string): (resource: string) => boolean {
  return (resource) => resource === identifier || resource === `${identifier}/`;
}

/** The URL that was asked, or a part of its path as deployed servers have it, cut between two segments. */
function contains(url: URL): (resource: string) => boolean {
  return (resource) => {
    if (!URL.canParse(resource) || /[?#\\]/.test(resource)) return false;
    const { origin, pathname, href } = new URL(resource);
    if (href !== resource && href !== `${resource}/`) return false;
    const prefix = pathname.replace(/\/$/, '');
    return origin === url.origin && `${url.pathname}/`.startsWith(`${prefix}/`);
  };
}

/** A server's word about another address: https, or http on this machine when it is on this machine itself. */
function learntUrl(text: string, from: URL, what: string): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal = url !== null && isLoopbackHost(url) !== 'no';
  const isGood =
    url !== null &&
    url.username === '' &&
    url.password === '' &&
    url.hash === '' &&
    (url.protocol === 'https:' || url.protocol === 'http:') &&
    (!isLocal || isLoopbackHost(from) !== 'no') &&
    (url.protocol === 'https:' || isLocal);
  if (isGood) return url;
  throw violation(`${what} is not an https URL`);
}

function learntIssuer(issuer: string, place: URL): void {
  const url = learntUrl(issuer, place, `an authorization server at ${place.href}`);
  try {
    checkIssuer(issuer);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw violation(`an authorization server at ${place.href} is no issuer: ${url.host}`);
  }
}

function isListOfStrings(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}

function violation(message: string, hint?: string): CliError {
  return new CliError('protocol_violation', message, { hint });
}
