// The device authorization request (RFC 8628 §3.1, §3.2).

import * as oauth from 'oauth4webapi';
import { CliError } from '../errors.ts';
import { isLoopbackHost } from '../loopback-host.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import { requireEndpoint } from './authorization-server.ts';
import type { Client } from './client.ts';
import { clientAuthentication, wireClient } from './client.ts';
import { refuseErrorResponse, translateLibraryErrors } from './error-response.ts';
import { isDevelopmentIssuer } from './issuer.ts';
import { libraryOptions } from './library-options.ts';
import type { ProtocolFetch } from './protocol-fetch.ts';

export type DeviceAuthorization = {
  readonly deviceCode: string;
  /** As sent; to be sanitized. */
  readonly userCode: string;
  /** https, or http on loopback for a development issuer; to be shown, never opened. */
  readonly verificationUri: string;
  readonly verificationUriComplete: string | undefined;
  /** Seconds. */
  readonly expiresIn: number;
  /** Seconds between two polls. */
  readonly interval: number;
};

const longestLifetime = 3600;
const longestInterval = 60;

/**
 * Asks for a device code and a user code.
 * @throws OAuthError `oauth_error`; CliError `protocol_violation`, `network`, `timeout`
 * @see RFC 8628 §3.1, §3.2
 */
export async function requestDeviceAuthorization(
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  { scope, resources }: { scope: string | undefined; resources: readonly string[] },
): Promise<DeviceAuthorization> {
  requireEndpoint(server, 'device_authorization_endpoint');
  const parameters = new URLSearchParams(scope === undefined ? {} : { scope });
  for (const resource of resources) parameters.append('resource', resource);
  return translateLibraryErrors(async () => {
    const response = await oauth.deviceAuthorizationRequest(
      server,
      wireClient(client),
      clientAuthentication(client),
      parameters,
      libraryOptions(protocolFetch, server),
    );
    await refuseErrorResponse(response, 'device authorization endpoint');
    return deviceAuthorization(server, await response.json());
  });
}

function deviceAuthorization(server: AuthorizationServer, body: unknown): DeviceAuthorization {
  const wire = typeof body === 'object' && body !== null ? (body as Record<string, unknown>) : {};
  return {
    deviceCode: textMember(wire, 'device_code'),
    userCode: textMember(wire, 'user_code'),
    verificationUri: webAddress(server, wire, 'verification_uri'),
    verificationUriComplete:
      wire['verification_uri_complete'] === undefined
        ? undefined
        : webAddress(server, wire, 'verification_uri_complete'),
    expiresIn: lifetime(wire['expires_in']),
    interval: pollingInterval(wire['interval']),
  };
}

function textMember(wire: Record<string, unknown>, name: string): string {
  const value = wire[name];
  if (typeof value === 'string' && value !== '') return value;
  throw violation(`has no ${name}`);
}

function webAddress(
  server: AuthorizationServer,
  wire: Record<string, unknown>,
  name: string,
): string {
  const text = textMember(wire, name);
  const url = URL.canParse(text) ? new URL(text) : null;
  const isLocal =
    url?.protocol === 'http:' && isLoopbackHost(url) !== 'no' && isDevelopmentIssuer(server.issuer);
  const isGood = url !== null && (url.protocol === 'https:' || isLocal);
  if (isGood && url.username === '' && url.password === '') return url.href;
  throw violation(`has a ${name} that is not an https URL`);
}

function lifetime(value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value >= 1) {
    return Math.min(Math.floor(value), longestLifetime);
  }
  throw violation('does not say how long the code lives (expires_in)');
}

/** RFC 8628 §3.2: 5 seconds where the server does not say; never less than one. */
function pollingInterval(value: unknown): number {
  if (typeof value !== 'number' || !Number.isFinite(value)) return 5;
  return Math.min(Math.max(Math.ceil(value), 1), longestInterval);
}

function violation(what: string): CliError {
  return new CliError('protocol_violation', `the device authorization response ${what}`);
}
