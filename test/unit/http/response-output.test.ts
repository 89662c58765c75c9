import { describe, expect, it } from 'vitest';
import type { HttpResponse } from '../../../src/environment.ts';
import { CliError } from '../../../src/errors.ts';
import { writeResponse } from '../../../src/http/response-output.ts';
import { testEnvironment } from '../../support/environment.ts';
import type { TestEnvironment, TestOptions } from '../../support/environment.ts';

type OutputOptions = Parameters<typeof writeResponse>[2];
type Outcome = { environment: TestEnvironment; error: unknown; isReleased: boolean };

const head = 'HTTP/1.1 200 OK\r\nX-A: b\r\nx-a: \u00fc\r\n\r\n';

describe('into a pipe', () => {
  it('REQ-21: go the bytes as they came', async () => {
    const written: unknown[] = [];
    const environment = testEnvironment();
    const stdout = {
      ...environment.stdout,
      write: async (data: string | Uint8Array) => void written.push(data),
    };
    const bytes = Uint8Array.of(0, 0x1b, 0xff, 0xfe, 0x0d);
    const { response } = scripted([bytes, bytes]);
    await writeResponse({ ...environment, stdout }, response, options({ include: true }));
    expect(written).toEqual([Uint8Array.from(Buffer.from(head, 'latin1')), bytes, bytes]);
  });

  it('goes what came before the connection broke', async () => {
    const broken = new CliError('network', 'broken');
    const { environment, error } = await write(['part', broken]);
    expect([environment.out(), error]).toEqual(['part', broken]);
  });
});

describe('into a file', () => {
  it('goes everything, and nothing to standard output', async () => {
    const { environment } = await write(['one ', 'two'], { output: 'file' });
    expect([environment.out(), ...environment.written]).toEqual(['', ['file', 'one two']]);
  });

  it('goes nothing when the body breaks off', async () => {
    const { environment, error } = await write(['part', new CliError('network', 'broken')], {
      output: 'file',
    });
    expect(error).toMatchObject({ code: 'network' });
    expect(environment.written.size).toBe(0);
  });

  it('goes an empty body, too', async () => {
    const { environment } = await write([], { output: 'file' });
    expect([...environment.written]).toEqual([['file', '']]);
  });

  it('that cannot be written ends the exchange', async () => {
    const refusal = new CliError('usage', 'no such directory');
    const { response, isReleased } = scripted(['body']);
    const userFiles = {
      ...testEnvironment().userFiles,
      create: async () => Promise.reject(refusal),
    };
    await expect(
      writeResponse({ ...testEnvironment(), userFiles }, response, options({ output: 'x/y' })),
    ).rejects.toBe(refusal);
    expect(isReleased()).toBe(true);
  });
});

describe('on a terminal', () => {
  const isTTY = true;

  it('REQ-21: escape sequences are shown and not obeyed', async () => {
    const text = 'a\u001b[31m\u0007\r\u009b\u202eb\n\tc';
    const { environment } = await write([text], {}, { isTTY });
    expect(environment.out()).toBe('a\\x1b[31m\\x07\\x0d\\x9b\\u202eb\n\tc');
  });

  it('REQ-21: so are those in headers', async () => {
    const { response } = scripted([], { headers: [['X', 'a\u009b31mb']] });
    const environment = testEnvironment({ isTTY });
    await writeResponse(environment, response, options({ include: true }));
    expect(environment.out()).toContain('X: a\ufffd31mb\n');
  });

  it('line ends and characters may be split between chunks', async () => {
    const bytes = Buffer.from('ä\r\n€\r\n\rx\r');
    const chunks = [...bytes].map((byte) => Uint8Array.of(byte));
    const { environment } = await write(chunks, {}, { isTTY });
    expect(environment.out()).toBe('ä\n€\n\\x0dx\\x0d');
  });

  it('REQ-21: binary data is refused, with the way out', async () => {
    const outcome = await write(['ab', Uint8Array.of(0x63, 0)], {}, { isTTY });
    expect(outcome.error).toMatchObject({
      code: 'usage',
      message: 'the response is binary and could confuse the terminal',
      hint: expect.stringMatching(/-o <file>.*-o -/),
    });
    expect([outcome.environment.out(), outcome.isReleased]).toEqual(['ab', true]);
  });

  it('REQ-21: -o - asks for the bytes all the same', async () => {
    const { environment, error } = await write(['\u001b\0'], { output: '-' }, { isTTY });
    expect([environment.out(), error]).toEqual(['\u001b\0', undefined]);
  });
});

describe('with --fail', () => {
  it('REQ-23: a status from 400 on is an error and shows no body', async () => {
    const { environment, error, isReleased } = await write(['body'], { fail: true }, {}, 404);
    expect(error).toMatchObject({
      code: 'http_status',
      message: 'the server answered with status 404',
    });
    expect([environment.out(), isReleased]).toEqual(['', true]);
  });

  it('REQ-23: -i still shows the head', async () => {
    const { environment } = await write(['body'], { fail: true, include: true }, {}, 400);
    expect(environment.out()).toMatch(/^HTTP\/1\.1 400 OK\r\n.*\r\n\r\n$/s);
  });

  it('REQ-23: no file is made', async () => {
    const { environment } = await write(['body'], { fail: true, output: 'file' }, {}, 400);
    expect(environment.written.size).toBe(0);
  });

  it('REQ-23: a status below 400 is no error, and without --fail none is', async () => {
    const below = await write(['body'], { fail: true }, {}, 399);
    expect([below.environment.out(), below.error]).toEqual(['body', undefined]);
    const without = await write(['body'], {}, {}, 500);
    expect([without.environment.out(), without.error]).toEqual(['body', undefined]);
  });
});

function options(some: Partial<OutputOptions>): OutputOptions {
  return { include: false, output: undefined, fail: false, ...some };
}

async function write(
  chunks: readonly (string | Uint8Array | Error)[],
  some: Partial<OutputOptions> = {},
  environmentOptions: TestOptions = {},
  status = 200,
): Promise<Outcome> {
  const environment = testEnvironment(environmentOptions);
  const { response, isReleased } = scripted(chunks, { status });
  const error: unknown = await writeResponse(environment, response, options(some)).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  return { environment, error, isReleased: isReleased() };
}

/** A response whose body yields the chunks and throws the errors among them. */
function scripted(
  chunks: readonly (string | Uint8Array | Error)[],
  some: Partial<HttpResponse> = {},
): { response: HttpResponse; isReleased: () => boolean } {
  const rest = [...chunks];
  let released = false;
  const iterator: AsyncIterator<Uint8Array> = {
    async next() {
      const chunk = rest.shift();
      if (chunk instanceof Error) throw chunk;
      if (chunk === undefined) return { done: true, value: undefined };
      return { done: false, value: typeof chunk === 'string' ? Buffer.from(chunk) : chunk };
    },
    async return() {
      released = true;
      return { done: true, value: undefined };
    },
  };
  const response = {
    status: 200,
    statusText: 'OK',
    httpVersion: '1.1',
    headers: [
      ['X-A', 'b'],
      ['x-a', '\u00fc'],
    ] as const,
    body: { [Symbol.asyncIterator]: () => iterator },
    ...some,
  };
  return { response, isReleased: () => released };
}
