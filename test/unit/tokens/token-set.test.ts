import { describe, expect, it } from 'vitest';
import type { TokenSet } from '../../../src/tokens/token-set.ts';
import { isFresh, tokenSetFromText, tokenSetToText } from '../../../src/tokens/token-set.ts';

const tokens: TokenSet = {
  issuer: 'https://as.example',
  clientId: 'mine',
  accessToken: 'canary-access',
  tokenType: 'bearer',
  expiresAt: 1_800_000_000_000,
  refreshToken: 'canary-refresh',
  idToken: 'canary-id',
  subject: 'älice "\u0000',
  scope: 'openid',
};
const text = tokenSetToText(tokens);
const corrupt = expect.objectContaining({
  code: 'store_unavailable',
  reason: 'corrupt',
  message: 'the stored tokens are damaged',
}) as Error;

describe('a stored token set', () => {
  it('comes back as it was', () => {
    expect(tokenSetFromText(text)).toEqual(tokens);
  });

  it('comes back without what it has not', () => {
    const bare: TokenSet = {
      ...tokens,
      expiresAt: undefined,
      refreshToken: undefined,
      idToken: undefined,
      subject: undefined,
      scope: undefined,
    };
    expect(tokenSetFromText(tokenSetToText(bare))).toEqual(bare);
  });

  it('TOK-05: an access token of 64 KB comes back whole', () => {
    const large = { ...tokens, accessToken: 'a'.repeat(65_536) };
    expect(tokenSetFromText(tokenSetToText(large))).toEqual(large);
  });

  it('STORE-09: truncated anywhere it is corrupt, and no error quotes it', () => {
    for (let length = 0; length < text.length; length += 1) {
      expect(() => tokenSetFromText(text.slice(0, length))).toThrow(corrupt);
    }
  });

  const change = (members: object) =>
    JSON.stringify({ ...(JSON.parse(text) as object), ...members });
  const damaged: [title: string, text: string][] = [
    ['bytes behind it', `${text}x`],
    ['filled with NUL', '\0'.repeat(text.length)],
    ['another version', change({ version: 0 })],
    ['no version', change({ version: undefined })],
    ['no issuer', change({ issuer: undefined })],
    ['no client', change({ clientId: null })],
    ['no access token', change({ accessToken: undefined })],
    ['an access token that is a number', change({ accessToken: 7 })],
    ['a refresh token that is null', change({ refreshToken: null })],
    ['an ID token that is an object', change({ idToken: {} })],
    ['a subject that is an array', change({ subject: [] })],
    ['a scope that is true', change({ scope: true })],
    ['an expiry that is text', change({ expiresAt: '1800000000000' })],
    ['an expiry beyond numbers', text.replace('1800000000000', '1e999')],
    ['another token type', change({ tokenType: 'mac' })],
    ['an array', '[]'],
    ['a member twice', text.replace('{', '{"version":1,')],
  ];

  it.each(damaged)('STORE-09: %s is corrupt', (_title, damage) => {
    expect(() => tokenSetFromText(damage)).toThrow(corrupt);
  });
});

it('STORE-10: a token set of a newer version is no damage', () => {
  const newer = JSON.stringify({ version: 2, accessToken: 'canary' });
  expect(() => tokenSetFromText(newer)).toThrow(expect.objectContaining({ reason: 'failed' }));
});

describe('freshness', () => {
  it.each([
    [61_000, 60, true],
    [60_001, 60, true],
    [60_000, 60, false],
    [1, 0, true],
    [0, 0, false],
    [-1, 0, false],
    [-86_400_000, 0, false],
  ])('%i ms before its end, for %i s: %s', (left, minimum, fresh) => {
    expect(isFresh(tokens, tokens.expiresAt! - left, minimum)).toBe(fresh);
  });

  it('TOK-06: without a known end it is fresh', () => {
    expect(isFresh({ ...tokens, expiresAt: undefined }, Number.MAX_SAFE_INTEGER, 1e9)).toBe(true);
  });
});
