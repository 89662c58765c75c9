import { afterEach, describe, expect, it } from 'vitest';
import type { Home } from '../../src/environment.ts';
import type { TestEnvironment } from '../support/environment.ts';
import { configurationOf, logInAgain, logInAt, serverPool } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

const passphrase = { variables: { OAUTH_CLI_PASSPHRASE: 'correct horse' } };

async function twoLogins(): Promise<TestEnvironment> {
  const server = await pool.start();
  const environment = await logInAt(server, ['--profile', 'one'], passphrase);
  await logInAgain(environment, server, ['--profile', 'two']);
  return environment;
}

const secretFiles = ({ homeFiles }: TestEnvironment) =>
  [...homeFiles.keys()].filter((name) => name.startsWith('secrets/'));

const tokenOf = async (environment: TestEnvironment, profile: string) =>
  (await runCliIn(environment, ['token', profile])).stdout;

describe('store migrate', () => {
  it('moves everything from store to store, and the tokens stay the same', async () => {
    const environment = await twoLogins();
    const before = [await tokenOf(environment, 'one'), await tokenOf(environment, 'two')];
    for (const to of ['file', 'plaintext', 'keychain']) {
      const result = await runCliIn(environment, ['store', 'migrate', '--to', to, '--json']);
      expect(JSON.parse(result.stdout)).toEqual({ store: to, profiles: ['one', 'two'] });
      expect([await tokenOf(environment, 'one'), await tokenOf(environment, 'two')]).toEqual(
        before,
      );
      expect(environment.secrets.size).toBe(to === 'keychain' ? 2 : 0);
      expect(secretFiles(environment)).toHaveLength(to === 'keychain' ? 0 : 2);
    }
  });

  it('has nothing to do the second time, and says so', async () => {
    const environment = await twoLogins();
    const result = await runCliIn(environment, ['store', 'migrate', '--to', 'keychain']);
    expect(result).toMatchObject({
      exitCode: 0,
      stderr: 'Every profile is in the keychain store already\n',
    });
  });

  it('deletes nothing when the new store does not give back what it was given', async () => {
    const environment = await twoLogins();
    const before = [...environment.secrets];
    const home: Home = {
      ...environment.home,
      read: async (name) => (name.startsWith('secrets/') ? null : environment.home.read(name)),
    };
    const result = await runCliIn({ ...environment, home }, [
      'store',
      'migrate',
      '--to',
      'plaintext',
    ]);
    expect(result.exitCode).toBe(8);
    expect([...environment.secrets]).toEqual(before);
    expect(configurationOf(environment)).not.toContain('plaintext');
  });

  it.each([
    ['memory', 2],
    ['nowhere', 2],
  ])('refuses %s', async (to, exitCode) => {
    const environment = await twoLogins();
    expect((await runCliIn(environment, ['store', 'migrate', '--to', to])).exitCode).toBe(exitCode);
    expect(environment.secrets.size).toBe(2);
  });
});

describe('the file store', () => {
  it('takes its passphrase from a file, and without one is exit 8 with no prompt', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--store', 'file', '--passphrase-file', 'pass'], {
      files: { pass: 'correct horse\n' },
    });
    const with_ = await runCliIn(environment, ['token', '--passphrase-file', 'pass']);
    expect(with_).toMatchObject({ exitCode: 0, stderr: '' });
    const without = await runCliIn(environment, ['token']);
    expect(without).toMatchObject({ exitCode: 8, stdout: '' });
    expect(without.stderr).toContain('hint: set OAUTH_CLI_PASSPHRASE');
  });

  it('is asked for its passphrase once at a login on a terminal', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--store', 'file'], {
      isTTY: true,
      answers: ['correct horse'],
    });
    expect(secretFiles(environment)).toHaveLength(1);
  });
});

describe('a login over damaged secrets', () => {
  it.each(['keychain', 'plaintext', 'file'])('STORE-09: works in the %s store', async (store) => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--store', store], passphrase);
    for (const key of environment.secrets.keys()) environment.secrets.set(key, 'damage');
    for (const name of secretFiles(environment))
      environment.homeFiles.set(name, Buffer.from('damage'));
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(8);
    const again = await runCliIn(environment, ['login', server.issuer, '--store', store]);
    expect(again.exitCode, again.stderr).toBe(0);
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
  });
});
