// The keychain adapter against a real gnome-keyring, each call in a process of its own.

import { spawnSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { callKeychain, missingKeychainTools } from '../support/keychain-call.ts';
import type { SecretService } from '../support/secret-service.ts';
import { startSecretService } from '../support/secret-service.ts';

const missing = missingKeychainTools();

describe.skipIf(missing !== '')(`the keychain on gnome-keyring${missing}`, () => {
  let keyring: SecretService;
  beforeAll(async () => {
    keyring = await startSecretService();
  });
  afterAll(() => keyring.close());

  const succeed = async (call: string, ...values: unknown[]) => {
    const outcome = await callKeychain(keyring.env, { call, arguments: values });
    expect(outcome).toMatchObject({ exitCode: 0, signal: null });
    return outcome.result;
  };
  const secretTool = (args: string[], input = '') => {
    const run = spawnSync('secret-tool', args, { env: keyring.env, input, encoding: 'utf8' });
    expect(run.error).toBeUndefined();
    return run;
  };

  it('finds nothing where nothing was stored', async () => {
    expect(await succeed('getPassword', 'empty', 'nobody')).toBe(null);
    expect(await succeed('findCredentials', 'empty')).toEqual([]);
    expect(await succeed('deletePassword', 'empty', 'nobody')).toBe(false);
  });

  it('stores, reads, replaces, lists and deletes a password', async () => {
    await succeed('setPassword', 'life', 'anna', 'first');
    await succeed('setPassword', 'life', 'bert', 'other');
    await succeed('setPassword', 'life', 'anna', 'second');
    expect(await succeed('getPassword', 'life', 'anna')).toBe('second');
    const all = (await succeed('findCredentials', 'life')) as { account: string }[];
    expect(all.toSorted((one, two) => one.account.localeCompare(two.account))).toEqual([
      { account: 'anna', password: 'second' },
      { account: 'bert', password: 'other' },
    ]);
    expect(await succeed('deletePassword', 'life', 'anna')).toBe(true);
    expect(await succeed('getPassword', 'life', 'anna')).toBe(null);
    expect(await succeed('getPassword', 'life', 'bert')).toBe('other');
  });

  it.each([
    ['an empty text', ''],
    ['line breaks at both ends', '\r\nsecret\n'],
    ['NUL', 'a\0b'],
    ['a byte order mark', '\ufeffsecret'],
    ['every plane of Unicode', 'é ß 漢字 🔑 \u{10ffff} \u200b e\u0301'],
    ['what D-Bus and shells treat specially', `'"%s%00{$(id)}\\;,=:`],
  ])('keeps %s in a password unchanged', async (_what, password) => {
    await succeed('setPassword', 'unicode', 'anna', password);
    expect(await succeed('getPassword', 'unicode', 'anna')).toBe(password);
  });

  it.each(['ünï/cödé 漢字', "a'b,c=d;e", ' '])(
    'tells the account %j from others',
    async (account) => {
      await succeed('setPassword', 'accounts', account, 'secret');
      expect(await succeed('getPassword', 'accounts', account)).toBe('secret');
      expect(await succeed('getPassword', 'accounts', `${account}x`)).toBe(null);
    },
  );

  it.each([
    ['64 KiB', 64 * 1024],
    ['1 MiB', 1024 * 1024],
  ])('keeps a password of %s', async (_size, length) => {
    const password = 'é'.repeat(length / 2);
    const set = { call: 'setPassword', arguments: ['size', 'anna', '-'], stdin: password };
    expect(await callKeychain(keyring.env, set)).toMatchObject({ exitCode: 0, signal: null });
    expect((await succeed('getPassword', 'size', 'anna')) === password).toBe(true);
  });

  it('STORE-13: refuses a password over its limit as too large', async () => {
    const stdin = 'x'.repeat(4 * 1024 * 1024 + 1);
    const set = { call: 'setPassword', arguments: ['size', 'huge', '-'], stdin };
    const { error, exitCode } = await callKeychain(keyring.env, set);
    expect({ exitCode, reason: error?.reason }).toEqual({ exitCode: 8, reason: 'too_large' });
  });

  it('refuses a text that Unicode cannot encode instead of changing it', async () => {
    const set = { call: 'setPassword', arguments: ['unicode', 'half', '\ud800'] };
    const { error } = await callKeychain(keyring.env, set);
    expect(error).toMatchObject({ reason: 'failed', message: 'the value is not Unicode text' });
    expect(await succeed('getPassword', 'unicode', 'half')).toBe(null);
  });

  it('shares its items with secret-tool, both ways', async () => {
    await succeed('setPassword', 'shared', 'anna', 'ours');
    const names = ['service', 'shared', 'username', 'anna'];
    expect(secretTool(['lookup', ...names]).stdout).toBe('ours');
    secretTool(['store', '--label=x', 'service', 'shared', 'username', 'bert'], 'theirs');
    expect(await succeed('getPassword', 'shared', 'bert')).toBe('theirs');
    secretTool(['clear', ...names]);
    expect(await succeed('getPassword', 'shared', 'anna')).toBe(null);
  });

  it('reads and deletes what it replaced in items of other programs under the same names', async () => {
    const names = ['service', 'double', 'username', 'anna'];
    secretTool(['store', '--label=x', ...names, 'target', 'one'], 'old');
    secretTool(['store', '--label=x', ...names, 'target', 'two'], 'older');
    await succeed('setPassword', 'double', 'anna', 'new');
    expect(await succeed('getPassword', 'double', 'anna')).toBe('new');
    expect(await succeed('deletePassword', 'double', 'anna')).toBe(true);
    expect(secretTool(['search', '--all', ...names]).stdout).toBe('');
  });

  it('reports an item that holds no text as corrupt', async () => {
    const store = ['store', '--label=x', 'service', 'bytes', 'username', 'anna'];
    const input = Buffer.from([0xff, 0xfe, 0x80]);
    expect(spawnSync('secret-tool', store, { env: keyring.env, input }).status).toBe(0);
    const get = { call: 'getPassword', arguments: ['bytes', 'anna'] };
    const { error, exitCode } = await callKeychain(keyring.env, get);
    expect({ exitCode, reason: error?.reason }).toEqual({ exitCode: 8, reason: 'corrupt' });
  });

  it('works with what @napi-rs/keyring wrote, and that library with ours', async () => {
    const native = async (call: string, ...values: string[]) => {
      const values_ = { platform: 'darwin', call, arguments: values };
      const outcome = await callKeychain(keyring.env, values_);
      expect(outcome).toMatchObject({ exitCode: 0, signal: null });
      return outcome.result;
    };
    await native('probe');
    await native('setPassword', 'library', 'anna', 'thëirs');
    expect(await succeed('getPassword', 'library', 'anna')).toBe('thëirs');
    await succeed('setPassword', 'library', 'anna', 'öurs');
    expect(await native('getPassword', 'library', 'anna')).toBe('öurs');
    expect(await succeed('findCredentials', 'library')).toHaveLength(1);
    expect(await native('deletePassword', 'library', 'anna')).toBe(true);
    expect(await native('deletePassword', 'library', 'anna')).toBe(false);
    expect(await native('getPassword', 'library', 'anna')).toBe(null);
  });

  it('loses none of ten passwords that ten processes write at once', async () => {
    const accounts = Array.from({ length: 10 }, (_, index) => `account ${String(index)}`);
    await Promise.all(accounts.map((account) => succeed('setPassword', 'many', account, account)));
    expect(await succeed('findCredentials', 'many')).toHaveLength(10);
  });

  it('probes without leaving anything behind', async () => {
    const directory = join(keyring.env['XDG_DATA_HOME']!, 'keyrings');
    const stored = async () =>
      Promise.all((await readdir(directory)).map((name) => readFile(join(directory, name))));
    const before = await stored();
    await succeed('probe');
    expect(before.length).toBeGreaterThan(0);
    expect(await stored()).toEqual(before);
  });

  it('unlocks at once what is not locked', async () => {
    expect(await succeed('unlock', 60_000)).toBe(null);
  });
});
