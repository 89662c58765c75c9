// The only way to an authorization server: bounded, unredirected, strictly read exchanges for oauth4webapi
// (RFC 8414 §3.2, RFC 6749 §5.1, RFC 7591 §3.2). What a response may be follows from the request's `accept`.

import type { Environment, HttpHeaders } from '../environment.ts';
import { isSecretName } from '../redact.ts';
import { readProtocolResponse } from './protocol-response.ts';

/** What oauth4webapi hands to its `customFetch`. */
export type ProtocolFetchOptions = {
  readonly body?: URLSearchParams | string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly method: string;
  readonly redirect: 'manual';
  readonly signal?: AbortSignal | undefined;
};

/** Usable as oauth4webapi's `customFetch`; `url` is absolute. */
export type ProtocolFetch = (url: string, options: ProtocolFetchOptions) => Promise<Response>;

/** Milliseconds. */
export type ProtocolLimits = {
  readonly connectTimeout: number;
  readonly timeout: number;
};

const defaultLimits: ProtocolLimits = { connectTimeout: 5_000, timeout: 10_000 };

/**
 * The function throws CliError `network`, `timeout`, the reason of an abort, and `protocol_violation` for a redirect,
 * a content coding, a body over its limit, and a success whose content type or JSON is not what `accept` asked for.
 * A response with status >= 400 is returned whatever its body is.
 */
export function createProtocolFetch(
  environment: Pick<Environment, 'http' | 'cancelled'>,
  userAgent: string,
  limits: Partial<ProtocolLimits> = {},
): ProtocolFetch {
  const bounds = { ...defaultLimits, ...limits };
  return async (url, options) => exchange(environment, userAgent, bounds, new URL(url), options);
}

async function exchange(
  environment: Pick<Environment, 'http' | 'cancelled'>,
  userAgent: string,
  limits: ProtocolLimits,
  url: URL,
  options: ProtocolFetchOptions,
): Promise<Response> {
  // Aborted on the way out, so that whatever was refused half-way does not go on.
  const done = new AbortController();
  const signals = [done.signal, environment.cancelled, ...(options.signal ? [options.signal] : [])];
  try {
    const response = await environment.http.send({
      method: options.method,
      url,
      headers: requestHeaders(options.headers, userAgent),
      body: options.body === undefined ? undefined : new TextEncoder().encode(String(options.body)),
      connectTimeout: limits.connectTimeout,
      timeout: limits.timeout,
      signal: AbortSignal.any(signals),
    });
    const read = await readProtocolResponse(response, url, acceptOf(options.headers));
    return read.status < 400 ? read : await withoutEcho(read, sentSecrets(options));
  } finally {
    done.abort();
  }
}

function requestHeaders(given: Readonly<Record<string, string>>, userAgent: string): HttpHeaders {
  const ours: HttpHeaders = [
    ['user-agent', userAgent],
    ['accept-encoding', 'identity'],
  ];
  const replaced = new Set(ours.map(([name]) => name));
  return [...ours, ...Object.entries(given).filter(([name]) => !replaced.has(name.toLowerCase()))];
}

function acceptOf(headers: Readonly<Record<string, string>>): string {
  return Object.entries(headers).find(([name]) => name.toLowerCase() === 'accept')?.[1] ?? '';
}

/** Error descriptions are shown to people and end up in logs, and some servers repeat in them what they refuse. */
async function withoutEcho(response: Response, secrets: readonly string[]): Promise<Response> {
  const text = await response.text();
  const { status, headers, url } = response;
  const cleaned = secrets.reduce((rest, secret) => rest.replaceAll(secret, '***'), text);
  return Object.defineProperty(new Response(cleaned, { status, headers }), 'url', { value: url });
}

function sentSecrets({ body, headers }: ProtocolFetchOptions): readonly string[] {
  const form = body === undefined ? [] : [...new URLSearchParams(String(body))];
  const inForm = form.filter(([name]) => isSecretName(name)).map(([, value]) => value);
  const inHeaders = Object.entries(headers)
    .filter(([name]) => name.toLowerCase() === 'authorization')
    .map(([, value]) => value.replace(/^\S+\s+/, ''));
  // Shorter ones would also hide words that were not repeated.
  return [...inForm, ...inHeaders].filter((secret) => secret.length >= 8);
}
