// Which store a login goes to, and that no other one keeps anything of it.

import { afterEach, describe, expect, it } from 'vitest';
import { logInAgain, logInAt, serverPool, storedTokens } from '../support/logged-in.ts';
import { runCliIn } from '../support/run-cli.ts';

const pool = serverPool();
afterEach(() => pool.close());

const secretFiles = (files: Map<string, unknown>) =>
  [...files.keys()].filter((name) => name.startsWith('secrets/'));

describe('a login', () => {
  it.each([
    [['--store', 'plaintext'], {}],
    [[], { OAUTH_CLI_STORE: 'plaintext' }],
    [['--store', 'plaintext'], { OAUTH_CLI_STORE: 'keychain' }],
  ])(
    'CONF-04: goes to the store named, and says what plaintext means: %j %j',
    async (argv, variables) => {
      const server = await pool.start();
      const environment = await logInAt(server, ['--profile', 'work', ...argv], { variables });
      expect(secretFiles(environment.homeFiles)).toHaveLength(1);
      expect(environment.secrets.size).toBe(0);
      expect(environment.err()).toContain('anybody who can read your files can read these tokens');
      expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
      expect((await runCliIn(environment, ['logout'])).exitCode).toBe(0);
      expect(secretFiles(environment.homeFiles)).toEqual([]);
    },
  );

  it('goes on in the store of its profile', async () => {
    const server = await pool.start();
    const environment = await logInAt(server, ['--store', 'plaintext']);
    await logInAgain(environment, server);
    expect(secretFiles(environment.homeFiles)).toHaveLength(1);
    expect(environment.secrets.size).toBe(0);
  });

  it('STORE-21: into another store leaves nothing in the one before', async () => {
    const server = await pool.start();
    const environment = await logInAt(server);
    await logInAgain(environment, server, ['--store', 'plaintext']);
    expect(environment.secrets.size).toBe(0);
    expect(secretFiles(environment.homeFiles)).toHaveLength(1);
    await logInAgain(environment, server, ['--store', 'keychain']);
    expect(storedTokens(environment)).toHaveLength(1);
    expect(secretFiles(environment.homeFiles)).toEqual([]);
    expect((await runCliIn(environment, ['token'])).exitCode).toBe(0);
  });

  it('keeps a client secret beside the tokens, and uses it for the refresh', async () => {
    const server = await pool.start();
    const environment = await logInAt(
      server,
      ['--client-id', 'mine', '--client-secret-file', 'f', '--client-auth', 'client_secret_post'],
      { files: { f: 'canary-secret\r\n' } },
    );
    expect(environment.secrets.size).toBe(2);
    expect(Buffer.from(environment.homeFiles.get('config.json')!).toString()).not.toContain(
      'canary',
    );
    await runCliIn(environment, ['token', '--refresh']);
    const refresh = server.requests.find(({ path }) => path === '/token')!;
    expect(refresh.body.get('client_secret')).toBe('canary-secret');
  });
});
