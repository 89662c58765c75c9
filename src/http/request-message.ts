// Turns curl's options into the HTTP request they mean (RFC 9110 §9), without the token.

import type { Environment, HttpHeaders } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { CurlOptions } from './curl-options.ts';
import { readHeaderOptions } from './header-options.ts';
import { createFileReader } from './option-files.ts';
import type { FileReader } from './option-files.ts';
import { parseRequestUrl } from './request-url.ts';

export type RequestMessage = {
  readonly method: string;
  readonly url: URL;
  readonly headers: HttpHeaders;
  readonly body: Uint8Array | undefined;
};

const maxDataBytes = 64 * 1024 * 1024;

/**
 * The request as curl would send it. It has no Authorization header: a user's own one is refused, so that exactly one
 * is ever sent, and so is a Host header, which would show the token to another host's code.
 * @throws CliError `usage`; a header's value is never in the message
 */
export async function createRequestMessage(
  environment: Pick<Environment, 'stdin' | 'userFiles'>,
  options: CurlOptions,
  userAgent: string,
): Promise<RequestMessage> {
  const url = parseRequestUrl(options.url);
  const files = createFileReader(environment);
  const typed = await readHeaderOptions(options.headers, files);
  const body = await readData(options.data, files);
  const defaults: HttpHeaders = [
    ['User-Agent', userAgent],
    ['Accept', '*/*'],
    ...(body === undefined ? [] : [['Content-Type', 'application/x-www-form-urlencoded'] as const]),
  ];
  const headers = [
    ...defaults.filter(([name]) => !typed.names.has(name.toLowerCase())),
    ...typed.headers,
  ];
  return {
    method: readMethod(options.method) ?? (body === undefined ? 'GET' : 'POST'),
    url,
    headers: checkedLength(headers, body?.byteLength ?? 0),
    body,
  };
}

function readMethod(method: string | undefined): string | undefined {
  if (method === undefined || /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(method)) return method;
  throw new CliError('usage', 'the method given with -X is not a valid HTTP token');
}

/** `-d`: several are joined by `&`; `@` reads a file and drops its line ends and NULs. */
async function readData(
  data: readonly string[],
  files: FileReader,
): Promise<Uint8Array | undefined> {
  if (data.length === 0) return undefined;
  const parts: Uint8Array[] = [];
  for (const one of data) {
    if (parts.length > 0) parts.push(Uint8Array.of(0x26));
    parts.push(
      one.startsWith('@')
        ? (await files.read(one.slice(1), maxDataBytes)).filter((byte) => !isDropped(byte))
        : new TextEncoder().encode(one),
    );
  }
  return joined(parts);
}

function isDropped(byte: number): boolean {
  return byte === 0x0d || byte === 0x0a || byte === 0x00;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((length, part) => length + part.byteLength, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.byteLength;
  }
  return whole;
}

/** A wrong Content-Length would let the rest of the body pass for another request (RFC 9112 §11.2). */
function checkedLength(headers: HttpHeaders, length: number): HttpHeaders {
  const wrong = headers.find(
    ([name, value]) => name.toLowerCase() === 'content-length' && value !== String(length),
  );
  if (wrong === undefined) return headers;
  throw new CliError(
    'usage',
    `the Content-Length given with -H is not the body's, which is ${length}`,
    {
      hint: 'leave it out',
    },
  );
}
