// The header section of an HTTP/1.1 request as it goes out (RFC 9110 §5.5, RFC 9112 §3.2 and §6).

import { Buffer } from 'node:buffer';
import type { HttpRequest } from '../../environment.ts';
import { CliError } from '../../errors.ts';

/**
 * Every header field by its name, with Host and the body's framing added where the request does not bring them;
 * values are UTF-8 in the form that Node writes out byte by byte.
 * @throws CliError `usage` for a method, name or value that cannot be sent; a value is never in the message
 */
export function wireHeaders(request: HttpRequest): ReadonlyMap<string, string | string[]> {
  if (!isToken(request.method)) {
    throw new CliError('usage', 'the request method is not a valid HTTP token');
  }
  const fields = new Map<string, { name: string; values: string[] }>();
  const add = (name: string, value: string): void => {
    const field = fields.get(name.toLowerCase());
    if (field === undefined) fields.set(name.toLowerCase(), { name, values: [value] });
    else field.values.push(value);
  };
  if (!has(request, 'host')) add('Host', request.url.host);
  for (const [name, value] of request.headers) {
    check(name, value);
    add(name, Buffer.from(value, 'utf8').toString('latin1'));
  }
  const { body } = request;
  if (body !== undefined && !has(request, 'content-length') && !has(request, 'transfer-encoding')) {
    if (body instanceof Uint8Array) add('Content-Length', String(body.byteLength));
    else add('Transfer-Encoding', 'chunked');
  }
  return new Map(
    [...fields.values()].map(({ name, values }) => [
      name,
      values.length > 1 ? values : (values[0] ?? ''),
    ]),
  );
}

function has(request: HttpRequest, lowerCaseName: string): boolean {
  return request.headers.some(([name]) => name.toLowerCase() === lowerCaseName);
}

function check(name: string, value: string): void {
  if (!isToken(name)) throw new CliError('usage', 'a header name is not a valid HTTP token');
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw new CliError('usage', `the value of the header ${name} contains a control character`);
  }
}

function isToken(text: string): boolean {
  return /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(text);
}
