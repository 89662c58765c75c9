import { copyFile, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createHome } from '../../../src/adapters/files/home.ts';
import type { Profile, StoreKind } from '../../../src/profile/profile.ts';
import { storeKinds } from '../../../src/profile/profile.ts';
import {
  deleteClientSecrets,
  deleteTokenSet,
  findClientSecrets,
  findTokenSet,
  saveClientSecrets,
  saveTokenSet,
} from '../../../src/tokens/profile-secrets.ts';
import { passphraseFrom } from '../../../src/cli/passphrase.ts';
import { StoreError } from '../../../src/errors.ts';
import { keychainService, openSecretStore } from '../../../src/tokens/secret-store.ts';
import type { TokenSet } from '../../../src/tokens/token-set.ts';
import { testEnvironment } from '../../support/environment.ts';

const directories: string[] = [];
afterEach(async () => {
  for (const directory of directories.splice(0)) await rm(directory, { recursive: true });
});

/** A store of that kind, with a real directory as home. */
async function open(kind: StoreKind) {
  const directory = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-store-'));
  directories.push(directory);
  const home = path.join(directory, 'home');
  const environment = testEnvironment({
    home: createHome(() => home),
    variables: { OAUTH_CLI_PASSPHRASE: 'correct horse' },
  });
  return { environment, home, store: openSecretStore(environment, kind) };
}

const secret = 'canary "\u0000 äö\n🙂';

describe.each(storeKinds)('the %s store', (kind) => {
  it('finds what was saved, also replaced, until it is deleted', async () => {
    const { store } = await open(kind);
    expect(await store.find('a')).toBeNull();
    await store.save('a', 'first');
    await store.save('a', secret);
    await store.save('b', 'other');
    expect(await store.find('a')).toBe(secret);
    expect(await store.delete('a')).toBe(true);
    expect(await store.delete('a')).toBe(false);
    expect(await store.find('a')).toBeNull();
    expect(await store.find('b')).toBe('other');
  });

  it('TOK-05: takes 64 KB', async () => {
    const { store } = await open(kind);
    await store.save('a', 'x'.repeat(65_536));
    expect(await store.find('a')).toBe('x'.repeat(65_536));
  });

  it('STORE-13: is probed without leaving anything behind', async () => {
    const { environment, home, store } = await open(kind);
    await store.probe();
    const files = await readdir(path.join(home, 'secrets')).catch(() => []);
    expect([files, environment.secrets.size, environment.memory.size]).toEqual([[], 0, 0]);
  });

  it('keeps its secrets in its own place alone', async () => {
    const { environment, home, store } = await open(kind);
    await store.save('a', secret);
    const files = await readdir(path.join(home, 'secrets')).catch(() => []);
    expect({
      keychain: [...environment.secrets.keys()],
      files,
      memory: [...environment.memory.keys()],
    }).toEqual({
      keychain: kind === 'keychain' ? [`${keychainService}\0a`] : [],
      files: kind === 'plaintext' ? ['a.json'] : kind === 'file' ? ['a.sealed'] : [],
      memory: kind === 'memory' ? ['a'] : [],
    });
  });
});

describe('the plaintext store', () => {
  it.skipIf(process.platform === 'win32')(
    'STORE-01: writes files that only their owner reads',
    async () => {
      const { home, store } = await open('plaintext');
      await store.save('a', secret);
      expect((await stat(path.join(home, 'secrets', 'a.json'))).mode & 0o777).toBe(0o600);
      expect((await stat(path.join(home, 'secrets'))).mode & 0o777).toBe(0o700);
      expect((await stat(home)).mode & 0o777).toBe(0o700);
    },
  );
});

describe.each([
  ['plaintext', 'a.json'],
  ['file', 'a.sealed'],
] as const)('a damaged file of the %s store', (kind, name) => {
  it('STORE-09, STORE-15: wherever a byte is flipped or it is cut off, no wrong secret comes out', async () => {
    const { home, store } = await open(kind);
    await store.save('a', 'the secret');
    await store.save('b', 'another');
    const file = path.join(home, 'secrets', name);
    const good = await readFile(file);
    const damages = [...good.keys()].flatMap((at) => {
      const flipped = Buffer.from(good);
      flipped[at] = flipped[at]! ^ 1;
      return [flipped, good.subarray(0, at)];
    });
    for (const damage of [...damages, Buffer.concat([good, good]), Buffer.alloc(good.length)]) {
      await writeFile(file, damage, { mode: 0o600 });
      await expect(store.find('a')).rejects.toBeInstanceOf(StoreError);
    }
    expect(await store.find('b')).toBe('another');
  });

  it('STORE-09: is moved aside, told where to, and the next write works', async () => {
    const { home, store } = await open(kind);
    await store.save('a', 'the secret');
    const file = path.join(home, 'secrets', name);
    await writeFile(file, 'damage', { mode: 0o600 });
    await expect(store.find('a')).rejects.toMatchObject({
      reason: 'corrupt',
      message: expect.stringMatching(
        new RegExp(`moved to ${home}/secrets/${name}\\.corrupt-2`),
      ) as string,
    });
    const [aside] = (await readdir(path.join(home, 'secrets'))).filter((one) =>
      one.includes('corrupt'),
    );
    expect(await readFile(path.join(home, 'secrets', aside!), 'utf8')).toBe('damage');
    expect(await store.find('a')).toBeNull();
    await store.save('a', 'new');
    expect(await store.find('a')).toBe('new');
  });

  it('STORE-10: one that a newer oauth-cli wrote is left alone', async () => {
    const { home, store } = await open(kind);
    await store.save('a', 'the secret');
    const file = path.join(home, 'secrets', name);
    const newer = (await readFile(file, 'utf8')).replace('"version":1', '"version":2');
    await writeFile(file, newer, { mode: 0o600 });
    await expect(store.find('a')).rejects.toMatchObject({ reason: 'failed' });
    expect(await readFile(file, 'utf8')).toBe(newer);
  });
});

describe('the file store', () => {
  it('holds nothing readable, and another nonce and salt each time', async () => {
    const { home, store } = await open('file');
    const file = path.join(home, 'secrets', 'a.sealed');
    await store.save('a', 'the secret');
    const first = await readFile(file, 'utf8');
    await store.save('a', 'the secret');
    const second = await readFile(file, 'utf8');
    expect(first).not.toContain('secret');
    expect(first).not.toContain(Buffer.from('the secret').toString('base64url'));
    expect(second).not.toBe(first);
  });

  it('STORE-15: does not open a blob under the name of another profile', async () => {
    const { home, store } = await open('file');
    await store.save('a', 'of a');
    await store.save('b', 'of b');
    const secrets = path.join(home, 'secrets');
    await copyFile(path.join(secrets, 'a.sealed'), path.join(secrets, 'b.sealed'));
    await expect(store.find('b')).rejects.toMatchObject({ reason: 'corrupt' });
    expect(await store.find('a')).toBe('of a');
  });

  it('refuses a wrong passphrase, leaves the file, and does not begin a second one', async () => {
    const { environment, store } = await open('file');
    await store.save('a', 'the secret');
    const other = openSecretStore({ ...environment, passphrase: async () => 'wrong' }, 'file');
    await expect(other.find('a')).rejects.toMatchObject({ reason: 'locked' });
    await expect(other.probe()).rejects.toMatchObject({ reason: 'locked' });
    expect(await store.find('a')).toBe('the secret');
  });

  it('is locked where there is no passphrase', async () => {
    const { environment } = await open('file');
    const store = openSecretStore({ ...environment, passphrase: passphraseFrom({}) }, 'file');
    await expect(store.probe()).rejects.toMatchObject({ reason: 'locked' });
  });
});

describe('the secrets of a profile', () => {
  const profile = {
    issuer: 'https://as.example',
    clientId: 'mine',
    storeKey: '0'.repeat(24),
  } as Profile;
  const tokens: TokenSet = {
    issuer: profile.issuer,
    clientId: profile.clientId,
    accessToken: 'a',
    tokenType: 'bearer',
    expiresAt: undefined,
    refreshToken: undefined,
    idToken: undefined,
    subject: undefined,
    scope: undefined,
  };
  const clientSecrets = {
    clientSecret: 's',
    clientSecretExpiresAt: 7,
    registrationAccessToken: 'rat',
    registrationClientUri: 'https://as.example/c',
  };

  it('come back, tokens and client apart', async () => {
    const { store } = await open('memory');
    await saveTokenSet(store, profile, tokens);
    await saveClientSecrets(store, profile, clientSecrets);
    expect(await findTokenSet(store, profile)).toEqual(tokens);
    expect(await findClientSecrets(store, profile)).toEqual(clientSecrets);
    expect(await deleteTokenSet(store, profile)).toBe(true);
    expect(await findTokenSet(store, profile)).toBeNull();
    expect(await findClientSecrets(store, profile)).toEqual(clientSecrets);
    expect(await deleteClientSecrets(store, profile)).toBe(true);
    expect(await findClientSecrets(store, profile)).toBeNull();
  });

  it.each([{ issuer: 'https://as.example/' }, { clientId: 'other' }, { storeKey: '1'.repeat(24) }])(
    'STORE-12: are not those of a profile with another %j',
    async (change) => {
      const { store } = await open('memory');
      await saveTokenSet(store, profile, tokens);
      expect(await findTokenSet(store, { ...profile, ...change })).toBeNull();
    },
  );

  it.each(['', '{', '[]', 'null', '{"clientSecret":"canary"}x'])(
    'STORE-09: client secrets damaged to %j are corrupt, without quoting them',
    async (text) => {
      const { store } = await open('memory');
      await store.save(`${profile.storeKey}.client`, text);
      await expect(findClientSecrets(store, profile)).rejects.toMatchObject({
        reason: 'corrupt',
        message: "the client's stored secrets are damaged",
      });
    },
  );
});
