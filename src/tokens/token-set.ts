// A token set: what one login holds, and how it is written in a store.

import { StoreError } from '../errors.ts';
import { JsonError, readJsonObject } from '../strict-json.ts';

export type TokenSet = {
  /** Who issued it and to whom: it is sent to nobody else. */
  readonly issuer: string;
  readonly clientId: string;
  readonly accessToken: string;
  readonly tokenType: 'bearer' | 'dpop';
  /** Milliseconds since 1970; undefined when the server did not say. */
  readonly expiresAt: number | undefined;
  readonly refreshToken: string | undefined;
  readonly idToken: string | undefined;
  /** From the validated ID token. */
  readonly subject: string | undefined;
  /** As granted. */
  readonly scope: string | undefined;
};

const version = 1;

export function tokenSetToText(tokens: TokenSet): string {
  return JSON.stringify({ version, ...tokens });
}

/** @throws StoreError `corrupt` */
export function tokenSetFromText(text: string): TokenSet {
  const json = parse(text);
  const texts = ['issuer', 'clientId', 'accessToken'].every(
    (member) => typeof json[member] === 'string',
  );
  const optionalTexts = ['refreshToken', 'idToken', 'subject', 'scope'].every(
    (member) => json[member] === undefined || typeof json[member] === 'string',
  );
  const { expiresAt, tokenType } = json;
  const times = expiresAt === undefined || typeof expiresAt === 'number';
  const type = tokenType === 'bearer' || tokenType === 'dpop';
  if (typeof json['version'] === 'number' && json['version'] > version) {
    throw new StoreError('failed', 'the stored tokens were written by a newer oauth-cli', {
      hint: 'use that version; they were left as they are',
    });
  }
  if (json['version'] !== version || !texts || !optionalTexts || !times || !type) {
    throw corrupt();
  }
  const { version: _version, ...tokens } = json;
  return tokens as unknown as TokenSet;
}

/** Whether the access token can still be used for that long; a token without a known expiry can. */
export function isFresh(tokens: TokenSet, now: number, minimumLifetime: number): boolean {
  return tokens.expiresAt === undefined || tokens.expiresAt - now > minimumLifetime * 1000;
}

function parse(text: string): Record<string, unknown> {
  try {
    return readJsonObject(text);
  } catch (error) {
    if (error instanceof JsonError) throw corrupt();
    throw error;
  }
}

function corrupt(): StoreError {
  return new StoreError('corrupt', 'the stored tokens are damaged', { hint: 'log in again' });
}
