// An HTTP request with the token of the profile whose origins it may go to (RFC 6750 §2.1), written out as curl does.

import type { Environment, HttpResponse } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { CurlOptions } from '../http/curl-options.ts';
import { isAllowedOrigin } from '../http/origin.ts';
import type { RequestMessage } from '../http/request-message.ts';
import { createRequestMessage } from '../http/request-message.ts';
import { urlWarnings } from '../http/request-url.ts';
import { writeResponse } from '../http/response-output.ts';
import { readConfiguration } from '../profile/configuration.ts';
import type { Profile } from '../profile/profile.ts';
import type { TokenSet } from '../tokens/token-set.ts';
import { userAgent } from '../version.ts';
import { obtainAccessToken } from './obtain-access-token.ts';

export type ResourceRequestInput = {
  readonly options: CurlOptions;
  readonly profileName: string | undefined;
};

/** Seconds that a token must still live to be sent. */
const minimumLifetime = 60;

/**
 * Sends the request and writes the response; nothing is sent to an origin that no profile allows.
 * @throws CliError `usage`, `login_required`, `http_status`, `network`, `timeout`; StoreError
 */
export async function requestResource(
  environment: Environment,
  input: ResourceRequestInput,
  warn: (text: string) => Promise<void>,
): Promise<void> {
  const message = await createRequestMessage(environment, input.options, userAgent);
  const profile = await profileForUrl(environment, message.url, input.profileName);
  for (const warning of urlWarnings(message.url)) await warn(warning);
  const response = await sendWithToken(environment, profile, message);
  await writeResponse(environment, response, input.options);
}

/**
 * Sends the message with the profile's token; a 401 leads to one refresh and one more try.
 * @see RFC 6750 §3.1
 */
export async function sendWithToken(
  environment: Environment,
  profile: Profile,
  message: RequestMessage,
): Promise<HttpResponse> {
  if (!isAllowedOrigin(message.url, profile.allowedOrigins))
    throw originRefused(message.url, [profile]);
  const tokens = await obtainAccessToken(environment, profile, { minimumLifetime });
  const response = await send(environment, message, tokens);
  if (response.status !== 401 || tokens.refreshToken === undefined) return response;
  await response.body[Symbol.asyncIterator]().return?.();
  const refreshed = await obtainAccessToken(environment, profile, {
    minimumLifetime,
    rejected: tokens.accessToken,
  });
  return send(environment, message, refreshed);
}

async function send(
  environment: Environment,
  message: RequestMessage,
  tokens: TokenSet,
): Promise<HttpResponse> {
  return environment.http.send({
    method: message.method,
    url: message.url,
    headers: [...message.headers, ['Authorization', `Bearer ${tokens.accessToken}`]],
    body: message.body,
    signal: environment.cancelled,
  });
}

/** The profile named, else of those that allow the URL's origin the current one or the only one. */
async function profileForUrl(
  environment: Environment,
  url: URL,
  profileName: string | undefined,
): Promise<Profile> {
  const configuration = await readConfiguration(environment);
  const { profiles } = configuration;
  const named = profileName ?? nonEmpty(environment.variables['OAUTH_CLI_PROFILE']);
  if (named !== undefined) {
    const profile = profiles.find(({ name }) => name === named);
    if (profile === undefined) throw new CliError('usage', `there is no profile ${named}`);
    return profile;
  }
  if (profiles.length === 0) {
    throw new CliError('login_required', 'nobody is logged in', {
      hint: 'oauth-cli login <issuer>',
    });
  }
  const matches = profiles.filter((profile) => isAllowedOrigin(url, profile.allowedOrigins));
  const [first, ...others] = matches;
  if (first === undefined) throw originRefused(url, profiles);
  const current = matches.find(({ name }) => name === configuration.current);
  if (current !== undefined || others.length === 0) return current ?? first;
  throw new CliError('usage', `several profiles have a token for ${url.origin}`, {
    hint: `name one of ${matches.map(({ name }) => name).join(', ')} with --profile`,
  });
}

function originRefused(url: URL, profiles: readonly Profile[]): CliError {
  const [only, ...others] = profiles;
  const who =
    others.length === 0 && only !== undefined ? `the profile ${only.name}` : 'any profile';
  const allowed = [...new Set(profiles.flatMap(({ allowedOrigins }) => allowedOrigins))];
  return new CliError(
    'usage',
    `no token is sent to ${url.origin}: it is no allowed origin of ${who}`,
    {
      hint:
        allowed.length === 0
          ? `oauth-cli login --allow-origin ${url.origin} …`
          : `allowed are ${allowed.join(', ')}; to add one: oauth-cli login --allow-origin ${url.origin} …`,
    },
  );
}

function nonEmpty(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}
