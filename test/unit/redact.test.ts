import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createRedactor } from '../../src/redact.ts';

const redact = createRedactor((text) => createHash('sha256').update(text).digest('hex'));
const canary = 'canary-0123456789-abcdefghij';
const shown = '***(len=28, sha256:c40e185d)';
const jwt = 'eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl';

it('SEC-07: shows length and hash of a secret, and nothing of its text', () => {
  expect(redact.fingerprint(canary)).toBe(shown);
});

it('SEC-07: shows nothing of a secret that its hash would give away', () => {
  expect(redact.fingerprint('hunter2')).toBe('***');
  expect(redact.form('user_code=WDJB-MJHT')).toBe('user_code=***');
});

describe('REQ-22: headers', () => {
  it.each([
    ['Authorization', `Bearer ${canary}`, `Bearer ${shown}`],
    ['authorization', `DPoP  ${canary}`, `DPoP ${shown}`],
    ['AUTHORIZATION', canary, shown],
    ['Authorization', `Unknown ${canary}`, '***(len=36'],
    ['Proxy-Authorization', `Basic ${canary}`, `Basic ${shown}`],
    ['Cookie', canary, shown],
    ['Set-Cookie', canary, shown],
    ['DPoP', jwt, '***(len='],
    ['X-API-Key', canary, shown],
    ['X-Auth-Token', canary, shown],
    ['Private-Token', canary, shown],
    ['X-Custom', jwt, '***(len='],
  ])('SEC-08: hides the value of %s', (name, value, expected) => {
    const result = redact.header(name, value);
    expect(result.startsWith(expected)).toBe(true);
    expect(result).not.toMatch(/canary|eyJ/);
  });

  it.each([
    ['Content-Type', 'application/json'],
    ['Accept', '*/*'],
    ['WWW-Authenticate', 'Bearer error="invalid_token"'],
  ])('keeps %s', (name, value) => {
    expect(redact.header(name, value)).toBe(value);
  });

  it('hides what a redirect carries', () => {
    expect(redact.header('Location', `/cb?code=${canary}&x=1`)).toBe(`/cb?code=${shown}&x=1`);
  });
});

describe('REQ-22: forms, queries and URLs', () => {
  const secret = [
    'client_secret',
    'client_assertion',
    'assertion',
    'subject_token',
    'actor_token',
    'code',
    'code_verifier',
    'device_code',
    'refresh_token',
    'access_token',
    'id_token',
    'id_token_hint',
    'registration_access_token',
    'state',
    'nonce',
    'password',
    'token',
    'request',
    'response',
    'logout_token',
    'software_statement',
    'user_code',
    'CODE',
    'c%6fde',
  ];
  it.each(secret)('hides the parameter %s', (name) => {
    expect(redact.form(`a=b&${name}=${canary}&c`)).toBe(`a=b&${name}=${shown}&c`);
  });

  it('keeps the rest as it was written', () => {
    const body =
      'grant_type=authorization_code&redirect_uri=http%3A%2F%2F127.0.0.1&scope=a+b&&=x&%zz=1';
    expect(redact.form(body)).toBe(body);
  });

  it('fingerprints the decoded value, so that it is the same everywhere', () => {
    expect(redact.form('code=canary%2D0123456789-abcdefghij')).toBe(`code=${shown}`);
  });

  it.each([
    [`https://h/p?state=${canary}&a=b#x`, `https://h/p?state=${shown}&a=b#x`],
    [`https://h/cb#access_token=${canary}`, `https://h/cb#access_token=${shown}`],
    [`https://user:${canary}@h/p`, 'https://***@h/p'],
    [`https:\\\\user:${canary}@h/p`, 'https:\\\\***@h/p'],
    [`/relative?code=${canary}`, `/relative?code=${shown}`],
    ['https://h:8443/p', 'https://h:8443/p'],
    ['', ''],
  ])('turns the URL %s into %s', (url, expected) => {
    expect(redact.url(url)).toBe(expected);
  });
});

describe('REQ-22: JSON', () => {
  it('hides secret members at any depth and keeps the rest', () => {
    const value = {
      access_token: canary,
      expires_in: 3600,
      nested: [{ Refresh_Token: canary, user_code: 1234, ok: true, nothing: null }],
      client_secret: { inner: canary },
      free: `a ${jwt} b`,
    };
    const result = redact.json(value);
    expect(result).toMatchObject({
      access_token: shown,
      expires_in: 3600,
      nested: [{ Refresh_Token: shown, user_code: '***', ok: true, nothing: null }],
      client_secret: '***',
    });
    expect(JSON.stringify(result)).not.toMatch(/canary-|eyJ/);
  });

  it('hides the private members of a JWK', () => {
    const key = { kty: 'EC', crv: 'P-256', x: 'public', d: canary };
    expect(redact.json(key)).toEqual({ kty: 'EC', crv: 'P-256', x: 'public', d: shown });
    expect(redact.json({ d: 'a day' })).toEqual({ d: 'a day' });
  });

  it('keeps a member named __proto__ a member', () => {
    const result = redact.json(JSON.parse('{"__proto__":{"a":1}}')) as object;
    expect(Object.getPrototypeOf(result)).toBe(Object.prototype);
    expect(JSON.stringify(result)).toBe('{"__proto__":{"a":1}}');
  });
});
