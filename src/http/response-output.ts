// Writes a response where curl would: its headers with -i, its body to standard output or a file.

import type { Environment, HttpHeaders, HttpResponse } from '../environment.ts';
import { CliError } from '../errors.ts';
import { sanitize } from '../sanitize.ts';
import type { CurlOptions } from './curl-options.ts';

interface Sink {
  write(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/**
 * Streams the response out. On a terminal, control characters are shown as escapes and binary data is refused, unless
 * `-o -` asks for it; into a pipe or a file go the bytes as they came. A file appears only once it is complete.
 * @throws CliError `http_status` with --fail and status >= 400, `usage` for binary data on a terminal or a file that
 *   cannot be written, and the errors of the body
 */
export async function writeResponse(
  environment: Pick<Environment, 'stdout' | 'userFiles'>,
  response: HttpResponse,
  options: Pick<CurlOptions, 'include' | 'output' | 'fail'>,
): Promise<void> {
  const failed = options.fail && response.status >= 400;
  try {
    if (!failed || options.include) {
      const sink = await openSink(environment, options.output);
      await copy(content(response, options.include, !failed), sink);
    }
  } finally {
    // Frees the connection of a body that nobody wanted.
    await response.body[Symbol.asyncIterator]().return?.();
  }
  if (failed)
    throw new CliError('http_status', `the server answered with status ${response.status}`);
}

async function copy(source: AsyncIterable<Uint8Array>, sink: Sink): Promise<void> {
  try {
    for await (const chunk of source) await sink.write(chunk);
    await sink.close();
  } catch (error) {
    await sink.discard();
    throw error;
  }
}

async function* content(
  response: HttpResponse,
  withHead: boolean,
  withBody: boolean,
): AsyncGenerator<Uint8Array> {
  if (withHead) yield latin1(head(response));
  if (withBody) yield* response.body;
}

async function openSink(
  { stdout, userFiles }: Pick<Environment, 'stdout' | 'userFiles'>,
  output: string | undefined,
): Promise<Sink> {
  if (output !== undefined && output !== '-') return userFiles.create(output);
  const nothing = async (): Promise<void> => undefined;
  if (output === undefined && stdout.isTTY) return createTerminalSink(stdout);
  return { write: (data) => stdout.write(data), close: nothing, discard: nothing };
}

function createTerminalSink(stdout: Environment['stdout']): Sink {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  let held = '';
  const show = async (text: string, isLast: boolean): Promise<void> => {
    const whole = (held + text).replaceAll('\r\n', '\n');
    // Half a line end waits for its other half.
    held = !isLast && whole.endsWith('\r') ? '\r' : '';
    const shown = sanitize(held === '' ? whole : whole.slice(0, -1), {
      multiline: true,
      maxLength: Infinity,
    });
    if (shown !== '') await stdout.write(shown);
  };
  return {
    async write(data) {
      if (data.includes(0)) throw binaryOnTerminal();
      await show(decoder.decode(data, { stream: true }), false);
    },
    close: () => show(decoder.decode(), true),
    discard: async () => undefined,
  };
}

function binaryOnTerminal(): CliError {
  return new CliError('usage', 'the response is binary and could confuse the terminal', {
    hint: 'write it to a file with -o <file>, or show it all the same with -o -',
  });
}

function head(response: HttpResponse): string {
  const reason = response.statusText === '' ? '' : ` ${response.statusText}`;
  return (
    `HTTP/${response.httpVersion} ${response.status}${reason}\r\n` +
    headerLines(response.headers) +
    '\r\n'
  );
}

function headerLines(headers: HttpHeaders): string {
  return headers.map(([name, value]) => `${name}: ${value}\r\n`).join('');
}

/** Header text is a byte per character. */
function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}
