// Reads one response of an authorization server: status, content type, size and JSON (RFC 8414 §3.2, RFC 6749 §5.1,
// RFC 7517 §8.5), before oauth4webapi sees it, which checks the content type only when the JSON does not parse.

import type { HttpHeaders, HttpResponse } from '../environment.ts';
import { CliError } from '../errors.ts';
import { JsonError, readJson, readUtf8 } from '../strict-json.ts';
import { isJsonType, readContentType } from './content-type.ts';

/** Bytes of a body. */
const limits = {
  metadata: 256 * 1024,
  jwkSet: 512 * 1024,
  error: 64 * 1024,
  other: 1024 * 1024,
};

/**
 * `accept` is the request's: what it names is the only content that a success may have, and JSON is read strictly.
 * A response with status >= 400 is returned whatever its body is, cut off at 64 KB, or without a body when that
 * cannot be used.
 * @throws CliError `protocol_violation`; the errors of the transport
 */
export async function readProtocolResponse(
  response: HttpResponse,
  url: URL,
  accept: string,
): Promise<Response> {
  const { status } = response;
  if (status >= 400 && status < 600) {
    return toResponse(response, url, await readErrorBody(response));
  }
  if (status >= 300 && status < 400) throw redirected(response, url);
  if (status < 200 || status >= 600) throw violation(url, `answered with status ${status}`);
  if (!isIdentity(response)) {
    throw violation(url, 'answered with a compressed body although none was asked for');
  }
  if (status === 204 || status === 205) return toResponse(response, url, null);
  const contentType = headerValue(response.headers, 'content-type');
  if (accept !== '') checkContentType(contentType, accept, url);
  const body = await readBody(response, url, limitFor(url, accept));
  return toResponse(response, url, accept === '' ? body : checkBody(body, contentType, url));
}

function headerValue(headers: HttpHeaders, name: string): string | undefined {
  const values = headers.filter(([one]) => one.toLowerCase() === name).map(([, value]) => value);
  return values.length === 0 ? undefined : values.join(', ');
}

function isIdentity(response: HttpResponse): boolean {
  const coding = headerValue(response.headers, 'content-encoding');
  return coding === undefined || coding.toLowerCase() === 'identity';
}

function redirected(response: HttpResponse, url: URL): CliError {
  const location = headerValue(response.headers, 'location');
  const target =
    location !== undefined && URL.canParse(location, url.href)
      ? new URL(location, url).origin
      : 'null';
  // The rest of the address may carry secrets.
  const where = target === 'null' ? '' : ` to ${target}`;
  return violation(
    url,
    `answered with a redirect${where} (status ${response.status}), which is never followed here`,
    'check the issuer; a login page in front of the network answers like this, too',
  );
}

function checkContentType(value: string | undefined, accept: string, url: URL): void {
  if (value === undefined) throw violation(url, 'answered without a content type');
  const found = readContentType(value);
  const accepted = accept.split(',').map((one) => one.trim().toLowerCase());
  const wanted =
    accepted.includes(found.type) ||
    (accepted.includes('application/json') && isJsonType(found.type));
  if (wanted && (found.charset === undefined || found.charset === 'utf-8')) return;
  throw violation(
    url,
    `answered with content type "${value}"`,
    found.type === 'text/html'
      ? 'a web page came instead of an answer for programs: check the address, and for a captive portal or proxy that wants a login first'
      : undefined,
  );
}

function limitFor(url: URL, accept: string): number {
  if (accept.includes('jwk-set+json')) return limits.jwkSet;
  return isMetadata(url) ? limits.metadata : limits.other;
}

/** Metadata may have thousands of members that nobody knows; their size is bounded, too. */
function maxMembersFor(url: URL): number {
  return isMetadata(url) ? 20_000 : 10_000;
}

function isMetadata(url: URL): boolean {
  return url.pathname.includes('/.well-known/');
}

async function readBody(response: HttpResponse, url: URL, limit: number): Promise<Uint8Array> {
  const { bytes, complete } = await readUpTo(response.body, limit);
  if (!complete) throw violation(url, `answered with more than ${limit / 1024} KB`);
  return bytes;
}

/** What there is of it: a broken error response still has a status, which says more than the breakage. */
async function readErrorBody(response: HttpResponse): Promise<Uint8Array> {
  const nothing = new Uint8Array();
  if (!isIdentity(response)) return nothing;
  try {
    const { bytes, complete } = await readUpTo(response.body, limits.error);
    const { type } = readContentType(headerValue(response.headers, 'content-type') ?? '');
    if (complete && isJsonType(type)) readJson(readUtf8(bytes));
    return bytes;
  } catch (error) {
    if (error instanceof JsonError) return nothing;
    if (error instanceof CliError && error.code === 'network') return nothing;
    throw error;
  }
}

async function readUpTo(
  body: AsyncIterable<Uint8Array>,
  limit: number,
): Promise<{ bytes: Uint8Array; complete: boolean }> {
  const bytes = new Uint8Array(limit);
  let length = 0;
  for await (const chunk of body) {
    const room = limit - length;
    bytes.set(chunk.subarray(0, room), length);
    if (chunk.byteLength > room) return { bytes, complete: false };
    length += chunk.byteLength;
  }
  return { bytes: bytes.slice(0, length), complete: true };
}

/** oauth4webapi parses with JSON.parse, so the text has to be good before it gets it. */
function checkBody(bytes: Uint8Array, contentType: string | undefined, url: URL): Uint8Array {
  try {
    const text = readUtf8(bytes);
    if (isJsonType(readContentType(contentType ?? '').type)) {
      readJson(text, { maxMembers: maxMembersFor(url) });
    }
    return bytes;
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw violation(url, `answered with JSON that cannot be used: ${error.message}`);
  }
}

function toResponse(response: HttpResponse, url: URL, body: Uint8Array | null): Response {
  const made = new Response(body as Uint8Array<ArrayBuffer> | null, {
    status: response.status,
    headers: response.headers.map(([name, value]): [string, string] => [name, value]),
  });
  Object.defineProperty(made, 'url', { value: url.href });
  return made;
}

function violation(url: URL, what: string, hint?: string): CliError {
  return new CliError('protocol_violation', `${url.origin}${url.pathname} ${what}`, { hint });
}
