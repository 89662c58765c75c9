// From what a person names to an authorization server: an issuer, the URL of a protected resource, a preset, or
// metadata given by hand (RFC 8414 §3, RFC 9728 §3).

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { AuthorizationServer, EndpointName } from '../oauth/authorization-server.ts';
import {
  MetadataRefusal,
  discoverAuthorizationServer,
  fetchMetadataDocument,
  findEndpoint,
  manualAuthorizationServer,
} from '../oauth/authorization-server.ts';
import { checkIssuer } from '../oauth/issuer.ts';
import type { ProtectedResource } from '../oauth/protected-resource.ts';
import { discoverProtectedResource } from '../oauth/protected-resource.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { Preset } from '../profile/presets.ts';
import type { ManualMetadata, Profile } from '../profile/profile.ts';
import { JsonError, readJsonObject, readUtf8 } from '../strict-json.ts';

export type ServerInput = {
  /** Which authorization server of the protected resource; undefined means the first one that it names. */
  readonly issuer: string | undefined;
  /** A URL or a file. */
  readonly metadata: string | undefined;
  /** Each `name=url`. */
  readonly endpoints: readonly string[];
};

export type FoundServer = {
  readonly server: AuthorizationServer;
  /** What a profile has to keep, so that later commands find the same server. */
  readonly manual: ManualMetadata | undefined;
  /** Present when the target is a protected resource. */
  readonly resource: ProtectedResource | null;
  /** The target when it is a protected resource with or without metadata. */
  readonly resourceUrl: string | undefined;
  /** What a person should know about it. */
  readonly notices: readonly string[];
};

export type ServerTarget = {
  readonly target: string;
  readonly preset: Preset | null;
  readonly existing: Profile | null;
};

/**
 * Finds the server; contacts the target and, for a protected resource, the server that it names.
 * @throws CliError `usage`, `protocol_violation`, `network`, `timeout`
 */
export async function findServer(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  { target, preset, existing }: ServerTarget,
  input: ServerInput,
): Promise<FoundServer> {
  const endpoints = endpointMembers(input.endpoints);
  const given = await givenMetadata(environment, protocolFetch, input.metadata);
  if (given !== null) return fromDocument(given, target, endpoints, input.issuer);
  const kept = existing?.manualMetadata;
  const members = { ...preset?.metadata, ...kept?.members, ...endpoints };
  if (preset?.metadata !== undefined || kept?.discovery === false) {
    const issuer = existing?.issuer ?? target;
    return found(manualAuthorizationServer(issuer, members), { discovery: false, members });
  }
  const manual = Object.keys(members).length === 0 ? undefined : { discovery: true, members };
  if (input.issuer !== undefined && input.issuer !== target) {
    return atResource(environment, protocolFetch, target, input.issuer, manual);
  }
  try {
    // The issuer that a profile has is compared exactly; a typed one may have a slash too many.
    const known = existing !== null && existing.target !== target ? existing.issuer : undefined;
    const server = await discoverAuthorizationServer(protocolFetch, known ?? target, {
      typed: known === undefined,
    });
    return found(withMembers(server, manual), manual);
  } catch (error) {
    if (!(error instanceof MetadataRefusal)) throw error;
    return await withoutDiscovery(environment, protocolFetch, target, manual, error);
  }
}

/** The server of a profile, as a later command finds it. @throws what discovery throws */
export async function serverOf(
  protocolFetch: ProtocolFetch,
  { issuer, manualMetadata }: Profile,
): Promise<AuthorizationServer> {
  if (manualMetadata?.discovery === false) {
    return manualAuthorizationServer(issuer, manualMetadata.members);
  }
  return withMembers(await discoverAuthorizationServer(protocolFetch, issuer), manualMetadata);
}

async function withoutDiscovery(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  target: string,
  manual: ManualMetadata | undefined,
  refusal: CliError,
): Promise<FoundServer> {
  const resource = await discoverProtectedResource(environment, protocolFetch, target);
  if (resource !== null) {
    return fromResource(protocolFetch, target, resource, undefined, manual);
  }
  if (manual?.members['token_endpoint'] !== undefined) {
    const { members } = manual;
    return found(manualAuthorizationServer(target, members), { discovery: false, members });
  }
  throw new CliError(refusal.code, refusal.message, {
    hint:
      refusal.hint ??
      'give its metadata with --metadata <url|file>, or --endpoint authorization=… and --endpoint token=…',
    cause: refusal,
  });
}

async function atResource(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  target: string,
  issuer: string,
  manual: ManualMetadata | undefined,
): Promise<FoundServer> {
  checkIssuer(issuer);
  const resource = await discoverProtectedResource(environment, protocolFetch, target);
  if (resource !== null) return fromResource(protocolFetch, target, resource, issuer, manual);
  const server = await discoverAuthorizationServer(protocolFetch, issuer, { typed: true });
  return { ...found(withMembers(server, manual), manual), resourceUrl: target };
}

async function fromResource(
  protocolFetch: ProtocolFetch,
  target: string,
  resource: ProtectedResource,
  wanted: string | undefined,
  manual: ManualMetadata | undefined,
): Promise<FoundServer> {
  const issuer = chooseIssuer(resource, wanted);
  const server = await discoverAuthorizationServer(protocolFetch, issuer, {
    typed: wanted !== undefined,
  });
  const base = found(withMembers(server, manual), manual);
  const others = resource.authorizationServers.filter((one) => one !== issuer);
  return {
    ...base,
    resource,
    resourceUrl: target,
    notices: [
      ...base.notices,
      ...(resource.hasSignedMetadata ? [signedNotice(resource.metadataUrl)] : []),
      ...(wanted === undefined && others.length > 0
        ? [`it also accepts ${others.join(', ')}; choose with --issuer`]
        : []),
    ],
  };
}

function chooseIssuer({ authorizationServers, metadataUrl }: ProtectedResource, wanted?: string) {
  const [first] = authorizationServers;
  if (wanted === undefined) {
    if (first !== undefined) return first;
    throw new CliError('usage', `${metadataUrl} names no authorization server`, {
      hint: 'name it with --issuer <url>',
    });
  }
  const trimmed = (text: string) => text.replace(/\/$/, '');
  if (first === undefined) return wanted;
  const match = authorizationServers.find((one) => trimmed(one) === trimmed(wanted));
  if (match !== undefined) return match;
  throw new CliError('usage', `the protected resource does not accept tokens of ${wanted}`, {
    hint: `it names ${authorizationServers.join(', ')}`,
  });
}

function found(server: AuthorizationServer, manual: ManualMetadata | undefined): FoundServer {
  const { signed_metadata: signed, ...plain } = server;
  return {
    server: Object.freeze({ ...plain, issuer: server.issuer }),
    manual,
    resource: null,
    resourceUrl: undefined,
    notices: signed === undefined ? [] : [signedNotice(server.issuer)],
  };
}

/** RFC 8414 §2.1: never half-used. */
function signedNotice(where: string): string {
  return `the signed metadata of ${where} are not looked at; the plain ones are used`;
}

function withMembers(
  server: AuthorizationServer,
  manual: ManualMetadata | undefined,
): AuthorizationServer {
  return manual === undefined
    ? server
    : Object.freeze({ ...server, ...manual.members, issuer: server.issuer });
}

function fromDocument(
  document: Readonly<Record<string, unknown>>,
  target: string,
  endpoints: Readonly<Record<string, string>>,
  issuer: string | undefined,
): FoundServer {
  const named = document['issuer'];
  const wanted = issuer ?? target;
  if (named !== undefined && named !== wanted) {
    throw new CliError('protocol_violation', 'the metadata given are for another issuer', {
      hint: typeof named === 'string' ? `use ${named} as the target` : undefined,
    });
  }
  const { issuer: _issuer, ...rest } = document;
  const members = { ...rest, ...endpoints };
  return {
    ...found(manualAuthorizationServer(wanted, members), { discovery: false, members }),
    resourceUrl: wanted === target ? undefined : target,
  };
}

async function givenMetadata(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  place: string | undefined,
): Promise<Readonly<Record<string, unknown>> | null> {
  if (place === undefined) return null;
  if (/^https?:\/\//i.test(place)) {
    return fetchMetadataDocument(protocolFetch, new URL(checkMetadataUrl(place)));
  }
  try {
    return readJsonObject(readUtf8(await environment.userFiles.read(place, 256 * 1024)));
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new CliError('usage', `${place} holds no metadata: ${error.message}`);
  }
}

/** The same rules as for an issuer, but for a query. */
function checkMetadataUrl(place: string): string {
  checkIssuer(place.replace(/\?.*$/, ''));
  return place;
}

const endpointNames: Readonly<Record<string, EndpointName>> = {
  authorization: 'authorization_endpoint',
  token: 'token_endpoint',
  jwks: 'jwks_uri',
  registration: 'registration_endpoint',
  revocation: 'revocation_endpoint',
  introspection: 'introspection_endpoint',
  userinfo: 'userinfo_endpoint',
  device_authorization: 'device_authorization_endpoint',
  pushed_authorization_request: 'pushed_authorization_request_endpoint',
  end_session: 'end_session_endpoint',
};

function endpointMembers(given: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    given.map((text) => {
      const [, name = '', url = ''] = /^([a-z_]+)=(.*)$/.exec(text) ?? [];
      const member = Object.hasOwn(endpointNames, name) ? endpointNames[name] : undefined;
      if (member === undefined) {
        throw new CliError('usage', '--endpoint takes name=url', {
          hint: `name is one of ${Object.keys(endpointNames).join(', ')}`,
        });
      }
      checkEndpoint(member, url);
      return [member, url];
    }),
  );
}

/** What a person typed is held to the same rules as metadata; http on loopback is checked with the issuer. */
function checkEndpoint(member: EndpointName, url: string): void {
  try {
    findEndpoint({ issuer: 'http://127.0.0.1', [member]: url }, member);
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(
      'usage',
      `--endpoint: ${error.message.replace(" in the authorization server's metadata", '')}`,
    );
  }
}
