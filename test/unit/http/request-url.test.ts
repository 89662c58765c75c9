import { describe, expect, it } from 'vitest';
import { isAllowedOrigin, parseOrigin } from '../../../src/http/origin.ts';
import { parseRequestUrl, urlWarnings } from '../../../src/http/request-url.ts';

describe('the URL of a request', () => {
  it.each([
    'https://api.example/a?b=c',
    'HTTPS://API.example:8443',
    'http://127.0.0.1:8080/',
    'http://[::1]/',
    'http://localhost:3000/x',
    'http://api.localhost/',
    'https://api.example/a@b?c=d@e',
  ])('REQ-13: may be %s', (text) => {
    expect(parseRequestUrl(text).href).toBe(new URL(text).href);
  });

  it.each([
    ['REQ-13', 'http://api.example/', 'no token is sent to http://api.example over plain http'],
    ['REQ-13', 'http://10.0.0.1/', 'no token is sent to http://10.0.0.1 over plain http'],
    [
      'REQ-13',
      'http://127.0.0.1.evil.example/',
      'no token is sent to http://127.0.0.1.evil.example over plain http',
    ],
    ['REQ-14', 'https://user:canary@api.example/', 'the URL contains a user name or password'],
    ['REQ-14', 'https://canary@api.example/', 'the URL contains a user name or password'],
    ['REQ-14', 'https://@api.example/', 'the URL contains a user name or password'],
    ['REQ-25', '//evil.example/x', 'the URL is not an absolute http or https URL'],
    ['REQ-25', 'https:evil.example', 'the URL is not an absolute http or https URL'],
    ['REQ-25', 'https:/evil.example', 'the URL is not an absolute http or https URL'],
    ['REQ-25', 'https:///evil.example', 'the URL is not an absolute http or https URL'],
    [
      'REQ-25',
      'https:\\\\evil.example',
      'the URL contains a space, a backslash or a control character',
    ],
    ['REQ-25', '/\\evil.example', 'the URL contains a space, a backslash or a control character'],
    ['REQ-07', 'file:///etc/passwd', 'the URL is not an absolute http or https URL'],
    ['REQ-07', 'ftp://h/', 'the URL is not an absolute http or https URL'],
    [
      'REQ-12',
      'https://api.example/\r\nX: canary',
      'the URL contains a space, a backslash or a control character',
    ],
    [
      'REQ-12',
      'ht\ttps://api.example/',
      'the URL contains a space, a backslash or a control character',
    ],
    ['REQ-13', 'api.example/x', 'the URL is not an absolute http or https URL'],
    ['REQ-13', 'localhost:3000/x', 'the URL is not an absolute http or https URL'],
    ['REQ-13', 'https://a b/', 'the URL contains a space, a backslash or a control character'],
    ['REQ-13', 'https://[::1/', 'the URL is malformed'],
    ['REQ-13', '', 'the URL is not an absolute http or https URL'],
  ])('%s: may not be %j', (_row, text, message) => {
    expect(() => parseRequestUrl(text)).toThrow(message);
    try {
      parseRequestUrl(text);
    } catch (error) {
      expect(JSON.stringify([(error as Error).message])).not.toContain('canary');
    }
  });

  it('REQ-10: with an access_token in it is warned about', () => {
    expect(urlWarnings(new URL('https://h/?a=1&access_token=canary'))).toEqual([
      expect.stringMatching(/^the URL contains access_token/),
    ]);
    expect(urlWarnings(new URL('https://h/?my_access_token=x#access_token=y'))).toEqual([]);
  });
});

describe('an allowed origin', () => {
  const allowed = ['https://api.example', 'https://other.example:8443', 'http://127.0.0.1:3000'];
  it.each([
    'https://api.example/x',
    'https://API.example:443/',
    'https://other.example:8443/?a',
    'http://127.0.0.1:3000/',
  ])('REQ-01: admits %s', (url) => {
    expect(isAllowedOrigin(new URL(url), allowed)).toBe(true);
  });

  it.each([
    'http://api.example/',
    'https://api.example:444/',
    'https://api.example./',
    'https://api.example.com.evil.io/',
    'https://evilapi.example/',
    'https://x.api.example/',
    'https://example/',
    'https://api.example@evil.io/',
    'https://evil.io/https://api.example/',
    'https://other.example/',
    'http://127.0.0.1:3001/',
    'http://localhost:3000/',
    'https://127.0.0.1:3000/',
    'blob:https://api.example/x',
  ])('REQ-02: does not admit %s', (url) => {
    expect(isAllowedOrigin(new URL(url), allowed)).toBe(false);
  });

  it.each([
    ['https://API.Example', 'https://api.example'],
    ['https://api.example:443/', 'https://api.example'],
    ['https://api.example:8443', 'https://api.example:8443'],
    ['http://localhost:3000', 'http://localhost:3000'],
    ['http://[::1]:80', 'http://[::1]'],
  ])('REQ-01: %s is read as %s', (text, origin) => {
    expect(parseOrigin(text)).toBe(origin);
  });

  it.each([
    'api.example',
    'https://api.example/path',
    'https://api.example?x',
    'https://api.example#x',
    'https://user@api.example',
    'https://*.example ',
    'https:\\\\api.example',
    'ftp://api.example',
    'http://api.example',
    'null',
    '*',
    '',
  ])('REQ-02: %j is no origin', (text) => {
    expect(() => parseOrigin(text)).toThrow(expect.objectContaining({ code: 'usage' }));
  });
});
