import { describe, expect, it } from 'vitest';
import { parseCurlArguments } from '../../../src/http/curl-options.ts';
import { createRequestMessage } from '../../../src/http/request-message.ts';
import type { RequestMessage } from '../../../src/http/request-message.ts';
import { testEnvironment } from '../../support/environment.ts';

const url = 'https://api.example/v1';
const form = ['Content-Type', 'application/x-www-form-urlencoded'];
const defaults = [
  ['User-Agent', 'oauth-cli/0'],
  ['Accept', '*/*'],
];

describe('the method and the body', () => {
  it.each<[string[], string, string | undefined]>([
    [[], 'GET', undefined],
    [['-d', 'a=b'], 'POST', 'a=b'],
    [['-d', 'a=b', '-d', 'c d'], 'POST', 'a=b&c d'],
    [['-d', ''], 'POST', ''],
    [['-d', 'a', '-d', '', '-d', 'ü'], 'POST', 'a&&ü'],
    [['-X', 'PATCH', '-d', 'x'], 'PATCH', 'x'],
    [['-X', 'DELETE'], 'DELETE', undefined],
    [['-X', 'patch'], 'patch', undefined],
    [['-d', '@lines'], 'POST', 'abc d'],
    [['-d', '@-'], 'POST', 'fromstdin'],
    [['-d', 'x=1', '-d', '@lines'], 'POST', 'x=1&abc d'],
  ])('are with %j: %s %j', async (args, method, body) => {
    const message = await create(args);
    expect(message.method).toBe(method);
    expect(message.body === undefined ? undefined : new TextDecoder().decode(message.body)).toBe(
      body,
    );
    expect(message.headers).toEqual(body === undefined ? defaults : [...defaults, form]);
  });

  it.each([
    [['-X', ''], /the method given with -X/],
    [['-X', 'GET canary'], /the method given with -X/],
    [['-d', '@'], /no file name after @/],
    [['-d', '@missing'], /missing cannot be read/],
    [['-d', '@-', '-d', '@-'], /standard input \(@-\) can be read only once/],
    [
      ['-d', 'abc', '-H', 'Content-Length: 2'],
      /the Content-Length given with -H is not the body's, which is 3/,
    ],
  ])('are refused with %j', async (args, message) => {
    await expect(create(args)).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(message),
    });
  });
});

describe('the headers', () => {
  it.each<[string[], string[][]]>([
    [
      ['-H', 'X-A: 1', '-H', 'x-a:2 '],
      [...defaults, ['X-A', '1'], ['x-a', '2']],
    ],
    [
      ['-H', 'X-Empty;'],
      [...defaults, ['X-Empty', '']],
    ],
    [['-H', 'X-Gone:'], defaults],
    [['-H', 'Accept:'], [['User-Agent', 'oauth-cli/0']]],
    [
      ['-H', 'accept: application/json'],
      [
        ['User-Agent', 'oauth-cli/0'],
        ['accept', 'application/json'],
      ],
    ],
    [
      ['-H', 'USER-AGENT: me'],
      [
        ['Accept', '*/*'],
        ['USER-AGENT', 'me'],
      ],
    ],
    [
      ['-H', 'A: b:c;d'],
      [...defaults, ['A', 'b:c;d']],
    ],
    [
      ['-H', 'A: "ü"'],
      [...defaults, ['A', '"ü"']],
    ],
    [['-H', ''], defaults],
    [
      ['-H', '@headers'],
      [...defaults, ['X-A', '1'], ['X-B', '2'], ['X-C', '']],
    ],
    [
      ['-d', '{}', '-H', 'content-type: application/json'],
      [...defaults, ['content-type', 'application/json']],
    ],
    [['-d', '{}', '-H', 'Content-Type:'], defaults],
    [
      ['-X', 'POST', '-H', 'Content-Length: 0'],
      [...defaults, ['Content-Length', '0']],
    ],
  ])('are with %j: %j', async (args, headers) => {
    expect((await create(args)).headers).toEqual(headers);
  });

  it.each([
    [
      'REQ-11: an Authorization header',
      'Authorization: Bearer canary',
      /^the header Authorization cannot be given with -H$/,
    ],
    ['REQ-11: one in another case', 'aUTHORIZATION: canary', /^the header aUTHORIZATION cannot/],
    ['REQ-11: an empty one', 'Authorization;', /^the header Authorization cannot/],
    ['REQ-11: its removal', 'Authorization:', /^the header Authorization cannot/],
    [
      'REQ-11: one with a space before the colon',
      'Authorization : canary',
      /not a valid HTTP token/,
    ],
    ['REQ-24: a Host header', 'Host: canary', /^the header Host cannot be given with -H$/],
    ['REQ-24: the removal of Host', 'host:', /^the header host cannot/],
    ['a Transfer-Encoding', 'Transfer-Encoding: canary', /^the header Transfer-Encoding cannot/],
    ['REQ-12: a CR', 'X: canary\r', /^the value of the header X contains a control character$/],
    [
      'REQ-12: an LF',
      'X: a\ncanary: b',
      /^the value of the header X contains a control character$/,
    ],
    ['REQ-12: a NUL', 'X: \0canary', /^the value of the header X contains a control character$/],
    ['REQ-12: an LF in the name', 'X\ncanary: b', /not a valid HTTP token/],
    ['a header without a colon', 'Bearer canary', /^a header given with -H has no colon$/],
    ['a header with an empty name', ': canary', /not a valid HTTP token/],
    ['text after a semicolon', 'X;canary', /^a semicolon after the header name X$/],
  ])('SEC-08: refuse %s, and show no value', async (_what, header, message) => {
    const error = await create(['-H', header]).catch(
      (thrown: unknown) => thrown as Error & { hint?: string },
    );
    expect(error).toMatchObject({ code: 'usage', message: expect.stringMatching(message) });
    expect(
      JSON.stringify([(error as Error).message, (error as { hint?: string }).hint]),
    ).not.toContain('canary');
  });

  it('REQ-11: are checked in a file as well', async () => {
    await expect(create(['-H', '@authorization'])).rejects.toMatchObject({
      message: 'the header authorization cannot be given with -H',
    });
  });
});

function create(args: string[]): Promise<RequestMessage> {
  const environment = testEnvironment({
    stdin: 'from\r\nstdin\n',
    files: {
      lines: 'a\r\nb\0c d\n',
      headers: '# comment\nX-A: 1\r\n\nX-B: 2\nX-C;\n',
      authorization: 'authorization: canary\n',
    },
  });
  return createRequestMessage(environment, parseCurlArguments([...args, url]).curl, 'oauth-cli/0');
}
