// What the server remembers: accounts, stored models, CSRF tokens.

import { randomBytes } from 'node:crypto';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAccounts } from '../../../src/dev-server/accounts.ts';
import { csrfToken, isCsrfToken } from '../../../src/dev-server/form.ts';
import { createMemoryStore } from '../../../src/dev-server/memory-store.ts';

afterEach(() => void vi.useRealTimers());

describe('accounts', () => {
  it('lets in who has the password, and nobody else', async () => {
    const accounts = createAccounts();
    const [alice, bob] = [await accounts.create('alice'), await accounts.create('bob')];
    expect(alice).not.toBe(bob);
    expect(await accounts.authenticate('alice', alice)).toMatchObject({ username: 'alice' });
    expect(await accounts.authenticate('alice', bob)).toBeNull();
    expect(await accounts.authenticate('alice', '')).toBeNull();
    expect(await accounts.authenticate('Alice', alice)).toBeNull();
    expect(await accounts.authenticate('mallory', alice)).toBeNull();
    expect(accounts.find('mallory')).toBeNull();
  });
});

describe('the memory store', () => {
  it('keeps models apart and forgets what has expired', async () => {
    vi.useFakeTimers({ toFake: ['Date'] });
    const store = createMemoryStore();
    await store('Session').upsert('1', { uid: 'u' }, 10);
    expect(await store('Grant').find('1')).toBeUndefined();
    expect(await store('Session').findByUid('u')).toEqual({ uid: 'u' });
    vi.setSystemTime(Date.now() + 10_000);
    expect(await store('Session').find('1')).toBeUndefined();
    expect(await store('Session').findByUid('u')).toBeUndefined();
  });

  it('revokes the codes and tokens of a grant, and no others', async () => {
    const store = createMemoryStore();
    for (const model of ['AccessToken', 'AuthorizationCode', 'RefreshToken']) {
      await store(model).upsert('mine', { grantId: 'g' });
      await store(model).upsert('other', { grantId: 'h' });
    }
    await store('AccessToken').revokeByGrantId('g');
    for (const model of ['AccessToken', 'AuthorizationCode', 'RefreshToken']) {
      expect(await store(model).find('mine')).toBeUndefined();
      expect(await store(model).find('other')).toEqual({ grantId: 'h' });
    }
  });

  it('marks what was consumed, and keeps it', async () => {
    const store = createMemoryStore();
    await store('AuthorizationCode').upsert('c', { grantId: 'g' });
    await store('AuthorizationCode').consume('c');
    expect(await store('AuthorizationCode').find('c')).toMatchObject({
      consumed: expect.any(Number),
    });
  });
});

it('DEVAS-10: a CSRF token is good for its own key and interaction only', () => {
  const key = randomBytes(32);
  const token = csrfToken(key, 'one');
  expect(isCsrfToken(key, 'one', token)).toBe(true);
  expect(isCsrfToken(key, 'two', token)).toBe(false);
  expect(isCsrfToken(randomBytes(32), 'one', token)).toBe(false);
  expect(isCsrfToken(key, 'one', null)).toBe(false);
  expect(isCsrfToken(key, 'one', 'é'.repeat(token.length))).toBe(false);
});
