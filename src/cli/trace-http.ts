// -v: every HTTP exchange on stderr, with secrets replaced by their length and fingerprint.

import type { Environment, HttpHeaders, HttpRequest, HttpResponse } from '../environment.ts';
import type { Redactor } from '../redact.ts';
import { createRedactor } from '../redact.ts';
import { sanitize } from '../sanitize.ts';
import type { Output } from './output.ts';

/** The environment with a transport that also tells what it sends and receives; bodies other than forms are not shown. */
export function tracingHttp(environment: Environment, output: Output): Environment {
  const redactor = createRedactor((text) => hex(environment.sha256(text)));
  return {
    ...environment,
    http: {
      async send(request) {
        await tell(output, '>', requestLines(redactor, request));
        const response = await environment.http.send(request);
        await tell(output, '<', responseLines(redactor, response));
        return response;
      },
    },
  };
}

function requestLines(redactor: Redactor, request: HttpRequest): string[] {
  return [
    `${request.method} ${redactor.url(request.url.href)}`,
    ...headerLines(redactor, request.headers),
    ...(isForm(request)
      ? ['', redactor.form(new TextDecoder().decode(request.body as Uint8Array))]
      : []),
  ];
}

function responseLines(redactor: Redactor, response: HttpResponse): string[] {
  return [
    `HTTP/${response.httpVersion} ${response.status} ${response.statusText}`.trimEnd(),
    ...headerLines(redactor, response.headers),
  ];
}

function headerLines(redactor: Redactor, headers: HttpHeaders): string[] {
  return headers.map(([name, value]) => `${name}: ${redactor.header(name, value)}`);
}

function isForm(request: HttpRequest): boolean {
  const contentType = request.headers.find(([name]) => name.toLowerCase() === 'content-type')?.[1];
  return (
    request.body instanceof Uint8Array &&
    /^application\/x-www-form-urlencoded/i.test(contentType ?? '')
  );
}

async function tell(output: Output, sign: string, lines: readonly string[]): Promise<void> {
  for (const line of lines)
    await output.report(output.reportPaint.dim(`${sign} ${sanitize(line, { maxLength: 4096 })}`));
  await output.report();
}

function hex(bytes: Uint8Array): string {
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
