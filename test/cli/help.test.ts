// The help texts, as golden files: `npx vitest run test/cli/help.test.ts -u` after a change that is meant.

import { describe, expect, it } from 'vitest';
import { readFileSync } from 'node:fs';
import { testEnvironment } from '../support/environment.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

const commands = [
  'login',
  'logout',
  'status',
  'token',
  'request',
  'decode',
  'discover',
  'serve',
  'demo',
];

describe('help', () => {
  it.each([['--help'], ['-h'], ['help']])('of the program, with %s', async (argument) => {
    const result = await runCli([argument]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    await expect(result.stdout).toMatchFileSnapshot('../golden/help-oauth-cli.txt');
  });

  it('is what the bare name shows', async () => {
    const result = await runCli([]);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    await expect(result.stdout).toMatchFileSnapshot('../golden/help-oauth-cli.txt');
  });

  it.each(commands)('of %s', async (command) => {
    const result = await runCli([command, '--help']);
    expect(result).toMatchObject({ exitCode: 0, stderr: '' });
    await expect(result.stdout).toMatchFileSnapshot(`../golden/help-${command}.txt`);
    expect((await runCli(['help', command])).stdout).toBe(result.stdout);
  });

  it.each(commands)(
    'SEC-12: of %s reads no configuration, no secret and contacts nobody',
    async (command) => {
      const environment = testEnvironment({
        home: new Proxy({} as ReturnType<typeof testEnvironment>['home'], {
          get: () => expect.unreachable(),
        }),
        keychain: new Proxy({} as ReturnType<typeof testEnvironment>['keychain'], {
          get: () => expect.unreachable(),
        }),
      });
      expect((await runCliIn(environment, [command, '--help'])).exitCode).toBe(0);
      expect(environment.contacted).toEqual([]);
    },
  );

  it('fits a terminal of 80 columns', async () => {
    for (const command of ['help', ...commands]) {
      const { stdout } = await runCli([command, '--help']);
      expect(stdout.split('\n').filter((line) => line.length > 80)).toEqual([]);
    }
  });
});

it.each(['--version', '-V'])('%s prints the version of the package', async (option) => {
  const { version } = JSON.parse(readFileSync('package.json', 'utf8')) as { version: string };
  expect(await runCli([option])).toMatchObject({ exitCode: 0, stdout: `${version}\n`, stderr: '' });
});
