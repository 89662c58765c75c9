// Many processes on one login whose access token has expired, against a server that rotates refresh tokens and
// revokes the whole grant when one is used twice. One round here; `npm run soak` runs the full number.

import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, readFile, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { navigate } from '../support/authorization-server.ts';
import type { CliProcess } from '../support/cli-process.ts';
import { runCliProcess, startCli } from '../support/cli-process.ts';

const rounds = process.env['OAUTH_CLI_SOAK'] === '1' ? 20 : 1;
const processes = 200;

describe('200 processes at once with an expired access token', () => {
  let home: string;
  let env: Record<string, string>;
  let serve: CliProcess;
  let issuer: string;

  beforeAll(async () => {
    home = await mkdtemp(path.join(os.tmpdir(), 'oauth-cli-parallel-'));
    env = { HOME: home, OAUTH_CLI_HOME: path.join(home, 'state'), OAUTH_CLI_STORE: 'plaintext' };
    serve = startCli(['serve', '--auto-approve', 'alice', '-v'], env);
    [, issuer = ''] = await serve.waitFor(/issuer\s+(http:\S+)/);
    const login = startCli(['login', issuer], env);
    const [url] = await login.waitFor(/http:\S+\/authorize\S+/);
    await navigate((await navigate(url)).location);
    expect(await login.exit).toBe(0);
  });

  afterAll(async () => {
    serve.child.kill('SIGTERM');
    await serve.exit;
    await rm(home, { recursive: true, force: true });
  });

  it(
    `REF-04, REF-05: refresh once, all succeed, and the login lives on (${rounds} x ${processes})`,
    async () => {
      for (let round = 0; round < rounds; round += 1) {
        const before = await tokenRequests(serve, issuer);
        await expireAccessToken(path.join(home, 'state', 'secrets'));
        const results = await Promise.all(
          Array.from({ length: processes }, () => runCliProcess(['token'], env)),
        );
        expect(results.filter(({ exit }) => exit !== 0)).toEqual([]);
        expect(new Set(results.map(({ stdout }) => stdout)).size).toBe(1);
        expect((await tokenRequests(serve, issuer)) - before).toBe(1);
      }
      const after = await runCliProcess(['token', '--refresh'], env);
      expect(after).toMatchObject({ exit: 0, stderr: '' });
    },
    rounds * 150_000,
  );
});

/** Successful or not, each one is a line of the server's log; the line of a last request says that all are there. */
async function tokenRequests(serve: CliProcess, issuer: string): Promise<number> {
  const mark = `/marked-${randomUUID()}`;
  await fetch(`${issuer}${mark}`);
  await serve.waitFor(new RegExp(`GET ${mark} `));
  return [...serve.stderr().matchAll(/POST \/token \d+/g)].length;
}

async function expireAccessToken(secrets: string): Promise<void> {
  const [name = ''] = (await readdir(secrets)).filter((file) => file.includes('tokens'));
  const file = path.join(secrets, name);
  const { version, body } = JSON.parse(await readFile(file, 'utf8')) as {
    version: number;
    body: string;
  };
  const late = JSON.stringify({ ...(JSON.parse(body) as object), expiresAt: 1 });
  const sha256 = createHash('sha256').update(late).digest('hex');
  await writeFile(file, JSON.stringify({ version, sha256, body: late }));
}
