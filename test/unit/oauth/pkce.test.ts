import { createHash, randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createAuthorizationRequest } from '../../../src/oauth/authorization-request.ts';
import { codeChallenge, randomValue } from '../../../src/oauth/pkce.ts';

const sha256 = (text: string) => createHash('sha256').update(text).digest();
const vector = JSON.parse(readFileSync('test/vectors/rfc7636-appendix-b.json', 'utf8')) as {
  octets: number[];
  codeVerifier: string;
  codeChallenge: string;
};

describe('PKCE', () => {
  it('RFC 7636 Appendix B: makes its verifier from its octets', () => {
    const random = { bytes: () => Uint8Array.from(vector.octets) };
    expect(randomValue(random)).toBe(vector.codeVerifier);
  });

  it('RFC 7636 Appendix B: makes its challenge from its verifier', () => {
    expect(codeChallenge(sha256, vector.codeVerifier)).toBe(vector.codeChallenge);
  });

  it('AUTHZ-01, AUTHZ-02: 10,000 requests repeat no verifier, state or nonce', () => {
    const lengths = new Set<number>();
    const random = {
      bytes: (length: number) => {
        lengths.add(length);
        return randomBytes(length);
      },
    };
    const server = { issuer: 'https://as.example', authorization_endpoint: 'https://as.example/a' };
    const values = new Set<string>();
    for (let run = 0; run < 10_000; run += 1) {
      const request = createAuthorizationRequest({ random, sha256 }, server, {
        clientId: 'c',
        redirectUri: 'http://127.0.0.1:1/cb',
        scope: 'openid',
        resources: [],
      });
      for (const value of [request.codeVerifier, request.state, request.nonce!]) {
        if (!/^[\w-]{43}$/.test(value)) expect.unreachable(value);
        values.add(value);
      }
    }
    expect(values.size).toBe(30_000);
    expect([...lengths]).toEqual([32]);
  });
});
