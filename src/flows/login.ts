// Login: discover, bind the listener, find or register the client, authorize in the browser, redeem the code,
// validate the ID token, store (RFC 8252, RFC 6749 §4.1, OpenID Connect Core §3.1).

import type { Callback, Environment, LoopbackListener } from '../environment.ts';
import { CliError, OAuthError } from '../errors.ts';
import { parseOrigin } from '../http/origin.ts';
import type { AuthorizationRequest } from '../oauth/authorization-request.ts';
import {
  checkResource,
  createAuthorizationRequest,
  defaultScope,
  refuseUnusableServer,
  scopesOf,
} from '../oauth/authorization-request.ts';
import type { AuthorizationResponse } from '../oauth/authorization-response.ts';
import { answersRequest, validateAuthorizationResponse } from '../oauth/authorization-response.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import { findEndpoint, requireEndpoint } from '../oauth/authorization-server.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import { userAgent } from '../version.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import { requestTokensByCode } from '../oauth/token-request.ts';
import type { Profile, StoreKind } from '../profile/profile.ts';
import { openSecretStore } from '../tokens/secret-store.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import type { DeviceProgress, DeviceRequest } from './authorize-device.ts';
import { authorizeDevice } from './authorize-device.ts';
import type { FoundServer, ServerInput } from './find-server.ts';
import { findServer } from './find-server.ts';
import type { LoginClient } from './login-client.ts';
import { findLoginClient, fits, loopbackUri, redirectPlace } from './login-client.ts';
import type { LoginProfile } from './login-profile.ts';
import { chooseLoginProfile, keepIssuer } from './login-profile.ts';
import { pastedResponse } from './pasted-response.ts';
import { saveLogin, tryToForget } from './save-login.ts';
import { noSharedRegistration, shareRegistration } from './shared-registration.ts';
import { fetchIdTokenKeys, tokenSetOf } from './token-set-of.ts';
import { readyStore } from './ready-store.ts';

export type LoginInput = ServerInput & {
  /** An issuer, a protected resource or a preset; undefined means the named profile's, or to ask. */
  readonly target: string | undefined;
  readonly profileName: string | undefined;
  readonly clientId: string | undefined;
  readonly clientSecret: string | undefined;
  readonly clientAuthentication: string | undefined;
  readonly scope: string | undefined;
  readonly resources: readonly string[];
  readonly allowedOrigins: readonly string[];
  /** Undefined means the browser, or the device flow where there is nothing else. */
  readonly grant: 'authorization_code' | 'device_code' | undefined;
  readonly port: number | undefined;
  /** `http://127.0.0.1:<port>/<path>`, for a client that is registered with just that. */
  readonly redirectUri: string | undefined;
  readonly browser: boolean;
  /** From the moment the URL is shown to the callback, in milliseconds. */
  readonly timeout: number;
  /** Undefined means the profile's, else the keychain. */
  readonly store: StoreKind | undefined;
};

export type LoginResult = {
  readonly profile: Profile;
  readonly tokens: TokenSet;
  readonly requestedScope: string | undefined;
  /** The old store could not be reached, and still has the tokens of the login before. */
  readonly leftBehind: boolean;
};

/** What happens on the way, for the person who waits. */
export interface LoginProgress extends DeviceProgress {
  waitingForUnlock(): Promise<void>;
  /** Which server the protected resource led to. */
  found(resource: string, issuer: string): Promise<void>;
  notice(text: string): Promise<void>;
  /** The URL to open, and whether a browser was started with it. */
  authorizing(
    url: string,
    browser: 'opened' | 'failed' | 'none',
    redirectUri: string,
  ): Promise<void>;
  /** What was pasted is not the address of the redirect. */
  refusedPaste(): Promise<void>;
  /** There is no browser and the server has the device flow: whether to use that. */
  offerDevice(): Promise<boolean>;
  /** Somebody called the redirect URI with a foreign or missing state, this many times. */
  refusedCallbacks(count: number): void;
}

/**
 * Logs a person in; nothing is stored unless every check has passed.
 * @throws CliError and OAuthError as each step does; `timeout` when nobody came back in time
 */
export async function login(
  environment: Environment,
  input: LoginInput,
  progress: LoginProgress,
): Promise<LoginResult> {
  const allowedOrigins = input.allowedOrigins.map(parseOrigin);
  for (const resource of input.resources) checkResource(resource);
  const wanted = await chooseLoginProfile(environment, input);
  const storeKind = input.store ?? wanted.existing?.store ?? 'keychain';
  const store = openSecretStore(environment, storeKind);
  await readyStore(environment, store, storeKind, progress);
  const protocolFetch = createProtocolFetch(environment, userAgent);
  const found = await findServer(environment, protocolFetch, wanted, input);
  const { server } = found;
  const chosen = await keepIssuer(environment, wanted, server.issuer);
  const { existing } = chosen;
  await tellFound(found, wanted, input, progress);
  refuseForgottenIssuerPromise(server, existing);
  refuseUnusableServer(server);
  refuseBadEndpoints(server);
  const request = {
    scope: input.scope ?? existing?.scope ?? defaultScope(server, found.resource?.scope),
    resources: resourcesOf(input, found, existing),
  };
  const isDevice = await isForDevice(environment, server, input, progress);
  const registers =
    existing === null && input.clientId === undefined && server.registration_endpoint !== undefined;
  const shared = registers
    ? await shareRegistration(environment, store, server.issuer, chosen.name)
    : noSharedRegistration;
  const storeKey = existing?.storeKey ?? shared.storeKey ?? newStoreKey(environment);
  const redirect = redirectPlace(environment.random, input, existing ?? shared.client);
  const findClient = async (redirectUri: string): Promise<LoginClient> => {
    if (shared.client !== null && fits(shared.client, redirectUri)) {
      await shared.release();
      return shared.client;
    }
    const client = await findLoginClient(
      environment,
      protocolFetch,
      store,
      server,
      redirectUri,
      {
        ...input,
        existing,
        registerAt: chosen.preset?.registerAt,
        isPortFixed: redirect.port !== undefined,
      },
      request.scope,
      environment.clock.now(),
    );
    await shared.share(client, storeKey);
    await shared.release();
    return client;
  };
  const finish = async (client: LoginClient, tokens: TokenSet): Promise<LoginResult> => {
    const profile = profileOf(storeKey, allowedOrigins, chosen, storeKind, found, client, request);
    await saveLogin(environment, store, profile, tokens, client);
    const outdated = existing?.store === storeKind ? null : (existing ?? chosen.replaced);
    const leftBehind = outdated !== null && !(await tryToForget(environment, outdated));
    return { profile, tokens, requestedScope: request.scope, leftBehind };
  };
  const byDevice = async (): Promise<LoginResult> => {
    // The client gets a redirect URI all the same, for logins with a browser later on.
    const client = await findClient(loopbackUri(redirect));
    const tokens = await tokensByDevice(
      environment,
      protocolFetch,
      server,
      client,
      request,
      progress,
    );
    return finish(client, tokens);
  };
  const byBrowser = async (): Promise<LoginResult> => {
    const listener = await environment.loopback.listen({
      ...redirect,
      onRefused: (count) => progress.refusedCallbacks(count),
    });
    try {
      const client = await findClient(listener.redirectUri);
      const authorization = createAuthorizationRequest(environment, server, {
        clientId: client.client.clientId,
        redirectUri: listener.redirectUri,
        ...request,
      });
      const callback = await authorize(
        environment,
        listener,
        server,
        authorization,
        input,
        progress,
      );
      return await answering(callback, async () => {
        const response = await validateAuthorizationResponse(
          callback.parameters,
          authorization,
          server,
          client.client,
        );
        return finish(
          client,
          await redeem(environment, protocolFetch, server, client, authorization, response),
        );
      });
    } finally {
      await listener.close();
    }
  };
  try {
    return await (isDevice ? byDevice() : byBrowser());
  } finally {
    await shared.forget();
  }
}

/** The grant that the user names; else the device flow where it is the only way, or the person takes the offer. */
async function isForDevice(
  environment: Environment,
  server: AuthorizationServer,
  input: LoginInput,
  progress: LoginProgress,
): Promise<boolean> {
  if (input.grant !== undefined) return input.grant === 'device_code';
  if (findEndpoint(server, 'device_authorization_endpoint') === null) return false;
  if (findEndpoint(server, 'authorization_endpoint') === null) return true;
  if (!input.browser || environment.browser.available()) return false;
  return progress.offerDevice();
}

async function tokensByDevice(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  { client }: LoginClient,
  request: DeviceRequest,
  progress: LoginProgress,
): Promise<TokenSet> {
  const expectsIdToken = scopesOf(request.scope).includes('openid');
  const keys = expectsIdToken ? await fetchIdTokenKeys(protocolFetch, server) : [];
  const received = await authorizeDevice(
    environment,
    protocolFetch,
    server,
    client,
    request,
    progress,
  );
  return tokenSetOf(environment.clock.now(), server, client, received, {
    requestedScope: request.scope,
    nonce: undefined,
    expectsIdToken,
    previous: null,
    keys,
  });
}

/** Shows the URL, opens the browser and waits for the callback that answers this request. */
async function authorize(
  environment: Environment,
  listener: LoopbackListener,
  server: AuthorizationServer,
  request: AuthorizationRequest,
  input: LoginInput,
  progress: LoginProgress,
): Promise<Callback> {
  const timer = new AbortController();
  const waiting = new AbortController();
  const pasting = new AbortController();
  const signal = AbortSignal.any([environment.cancelled, timer.signal]);
  const callback = listener.receive(
    (parameters) => answersRequest(parameters, request, server),
    signal,
  );
  // The wait below may throw before the callback is awaited; its rejection is then not lost but already told.
  callback.catch(() => undefined);
  environment.clock.sleep(input.timeout, waiting.signal).then(
    () => timer.abort(loginTimeout(input.timeout)),
    () => undefined,
  );
  try {
    const opens = input.browser && environment.browser.available();
    const opened = opens && (await environment.browser.open(request.url.href));
    await progress.authorizing(
      request.url.href,
      opened ? 'opened' : opens ? 'failed' : 'none',
      request.redirectUri,
    );
    if (opened || !environment.stdin.isTTY || !environment.stderr.isTTY) return await callback;
    const refused = () => progress.refusedPaste();
    const pasted = pastedResponse(environment, request, refused, pasting.signal);
    pasted.catch(() => undefined);
    return await Promise.race([callback, pasted]);
  } finally {
    pasting.abort();
    waiting.abort();
  }
}

async function redeem(
  environment: Environment,
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  { client }: LoginClient,
  request: AuthorizationRequest,
  response: AuthorizationResponse,
): Promise<TokenSet> {
  const keys = request.nonce === undefined ? [] : await fetchIdTokenKeys(protocolFetch, server);
  const received = await requestTokensByCode(protocolFetch, server, client, request, response);
  return tokenSetOf(environment.clock.now(), server, client, received, {
    requestedScope: request.scope,
    nonce: request.nonce,
    previous: null,
    keys,
  });
}

/** The browser is told the same outcome as the terminal. */
async function answering<T>(callback: Callback, step: () => Promise<T>): Promise<T> {
  let result;
  try {
    result = await step();
  } catch (error) {
    const denied = error instanceof OAuthError && error.code === 'authorization_denied';
    await callback.respond(denied ? 'denied' : 'failed');
    throw error;
  }
  await callback.respond('logged_in');
  return result;
}

function profileOf(
  storeKey: string,
  allowedOrigins: readonly string[],
  { name, existing, preset }: LoginProfile,
  store: StoreKind,
  { server, manual, resourceUrl }: FoundServer,
  { client, registered, redirectUri }: LoginClient,
  request: Pick<AuthorizationRequest, 'scope' | 'resources'>,
): Profile {
  const userinfo = findEndpoint(server, 'userinfo_endpoint');
  const origins = [
    ...[...request.resources, ...(resourceUrl === undefined ? [] : [resourceUrl])]
      .filter((url) => /^https?:/i.test(url))
      .map((url) => new URL(url).origin),
    ...(preset?.allowedOrigins ?? []),
    ...(userinfo === null ? [] : [userinfo.origin]),
    ...allowedOrigins,
    ...(existing?.allowedOrigins ?? []),
  ];
  return {
    name,
    issuer: server.issuer,
    clientId: client.clientId,
    clientAuthentication: client.authentication,
    registered,
    idTokenSignedResponseAlg: client.idTokenSignedResponseAlg,
    redirectUri,
    scope: request.scope,
    resources: request.resources,
    allowedOrigins: [...new Set(origins)],
    store,
    storeKey,
    issuerInResponse:
      server.authorization_response_iss_parameter_supported === true ||
      (existing?.issuerInResponse ?? false),
    target: resourceUrl ?? existing?.target,
    manualMetadata: manual,
  };
}

/** What the user names, else what the protected resource is called, else what the last login was for. */
function resourcesOf(
  input: LoginInput,
  { resource }: FoundServer,
  existing: Profile | null,
): readonly string[] {
  if (input.resources.length > 0) return input.resources;
  return resource === null ? (existing?.resources ?? []) : [resource.resource];
}

/**
 * A server that only the protected resource vouches for is named, and gets no secret of the user's.
 * @throws CliError `usage`
 * @see RFC 9728 §7.3
 */
async function tellFound(
  { resource, server, notices }: FoundServer,
  { target, existing }: LoginProfile,
  input: LoginInput,
  progress: LoginProgress,
): Promise<void> {
  if (resource !== null) {
    await progress.found(target, server.issuer);
    const isTrusted = input.issuer !== undefined || existing?.issuer === server.issuer;
    if (!isTrusted && input.clientSecret !== undefined) {
      throw new CliError(
        'usage',
        `no client secret is sent to ${server.issuer}, which only ${target} vouches for`,
        { hint: `if you trust it, name it with --issuer ${server.issuer}` },
      );
    }
  }
  for (const notice of notices) await progress.notice(notice);
}

function newStoreKey(environment: Environment): string {
  return [...environment.random.bytes(12)]
    .map((byte) => byte.toString(16).padStart(2, '0'))
    .join('');
}

/** RFC 9207 §2.4: the promise counts for good, also when the metadata no longer make it. */
function refuseForgottenIssuerPromise(server: AuthorizationServer, existing: Profile | null): void {
  if (existing?.issuerInResponse !== true) return;
  if (server.authorization_response_iss_parameter_supported === true) return;
  throw new CliError(
    'protocol_violation',
    'the authorization server no longer promises its issuer (iss) in authorization responses',
    { hint: 'if this is on purpose, log in under another name with --profile' },
  );
}

/** What comes after the browser is checked before it, so that nobody logs in for nothing. */
function refuseBadEndpoints(server: AuthorizationServer): void {
  requireEndpoint(server, 'token_endpoint');
  findEndpoint(server, 'jwks_uri');
  findEndpoint(server, 'userinfo_endpoint');
}

function loginTimeout(milliseconds: number): CliError {
  return new CliError(
    'timeout',
    `nobody came back from the browser within ${milliseconds / 1000} s`,
    {
      hint: 'run the command again, or allow more with --login-timeout <seconds>',
    },
  );
}
