// The authorization response: the only place where one is believed (RFC 6749 §4.1.2, RFC 9207 §2.4).

import * as oauth from 'oauth4webapi';
import { CliError, OAuthError } from '../errors.ts';
import type { AuthorizationRequest } from './authorization-request.ts';
import type { AuthorizationServer } from './authorization-server.ts';
import type { Client } from './client.ts';
import { wireClient } from './client.ts';
import { errorText, translateLibraryErrors } from './error-response.ts';

declare const validated: unique symbol;

/** A response that passed every check; only `validateAuthorizationResponse` makes one. */
export type AuthorizationResponse = {
  /** oauth4webapi's branded parameters, which its token request insists on. */
  readonly parameters: URLSearchParams;
  readonly [validated]: true;
};

/**
 * Whether a callback answers this request: our state is in it, and an error comes with the right issuer.
 * What is not ours is answered 400 and does not end the login.
 * @see RFC 6749 §10.12
 */
export function answersRequest(
  parameters: URLSearchParams,
  request: AuthorizationRequest,
  server: AuthorizationServer,
): boolean {
  if (!parameters.getAll('state').includes(request.state)) return false;
  return !parameters.has('error') || hasExpectedIssuer(parameters, server);
}

/**
 * Checks state, issuer, repeated parameters and shape, in that order.
 * @throws CliError `protocol_violation`; OAuthError `authorization_denied` for an error response
 * @see RFC 6749 §4.1.2; RFC 9207 §2.4
 */
export async function validateAuthorizationResponse(
  parameters: URLSearchParams,
  request: AuthorizationRequest,
  server: AuthorizationServer,
  client: Client,
): Promise<AuthorizationResponse> {
  if (server.issuer !== request.issuer) {
    throw violation('the authorization server is not the one that was asked');
  }
  refuseRepeatedParameters(parameters);
  refuseImplicitTokens(parameters);
  if (parameters.get('state') !== request.state) {
    throw violation('the authorization response has another state than the request');
  }
  if (!hasExpectedIssuer(parameters, server)) {
    throw violation('the authorization response has no issuer (iss) or one of another server', {
      hint: 'another authorization server may have tried to interfere; the code was not used',
    });
  }
  const error = parameters.get('error');
  if (error !== null && parameters.has('code')) {
    throw violation('the authorization response has both a code and an error');
  }
  if (error !== null) throw deniedBy(error, parameters);
  if ((parameters.get('code') ?? '') === '')
    throw violation('the authorization response has no code');
  const checked = await translateLibraryErrors(() =>
    oauth.validateAuthResponse(server, wireClient(client), parameters, request.state),
  );
  return { parameters: checked } as AuthorizationResponse;
}

function hasExpectedIssuer(parameters: URLSearchParams, server: AuthorizationServer): boolean {
  const issuer = parameters.get('iss');
  if (issuer !== null) return issuer === server.issuer;
  return server.authorization_response_iss_parameter_supported !== true;
}

function refuseRepeatedParameters(parameters: URLSearchParams): void {
  const names = [...parameters.keys()];
  if (new Set(names).size !== names.length) {
    throw violation('the authorization response repeats a parameter');
  }
}

function refuseImplicitTokens(parameters: URLSearchParams): void {
  for (const name of ['access_token', 'id_token', 'token']) {
    if (parameters.has(name)) {
      throw violation(
        `the authorization response carries a token (${name}), which was not asked for`,
      );
    }
  }
}

function deniedBy(error: string, parameters: URLSearchParams): OAuthError {
  const errorDescription = parameters.get('error_description') ?? undefined;
  return new OAuthError(
    'authorization_denied',
    `the authorization server answered ${errorText(error, errorDescription)}`,
    { error, errorDescription, errorUri: parameters.get('error_uri') ?? undefined },
    error === 'access_denied'
      ? { hint: 'nobody was logged in; run the command again to try once more' }
      : {},
  );
}

function violation(message: string, options: { hint?: string } = {}): CliError {
  return new CliError('protocol_violation', message, options);
}
