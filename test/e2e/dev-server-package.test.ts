// `serve` as the package brings it: built, started by its command, and imported by a test suite.

import { execFile, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { afterAll, describe, expect, it } from 'vitest';

const root = path.resolve(import.meta.dirname, '../..');
const bin = path.join(root, 'bin/oauth-cli.js');
const run = promisify(execFile);
const directory = mkdtempSync(path.join(tmpdir(), 'oauth-cli-package-'));
const environment = { ...process.env, OAUTH_CLI_HOME: directory, NODE_EXTRA_CA_CERTS: undefined };

afterAll(() => rmSync(directory, { recursive: true }));

type Ready = { issuer: string; control_secret?: string };

async function serve(
  ...args: string[]
): Promise<{ child: ChildProcess; ready: Ready; lines: string[] }> {
  const child = spawn(process.execPath, [bin, 'serve', '--json', '--quiet', ...args], {
    env: environment,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const lines: string[] = [];
  const reader = createInterface(child.stdout);
  reader.on('line', (line) => lines.push(line));
  await once(reader, 'line');
  return { child, ready: JSON.parse(lines[0]!) as Ready, lines };
}

describe('the command', () => {
  it('is ready with one line on stdout, answers /health, and ends on SIGTERM', async () => {
    const { child, ready, lines } = await serve('--control');
    expect((await fetch(`${ready.issuer}/health`)).status).toBe(200);
    const headers = { Authorization: `Bearer ${ready.control_secret!}` };
    expect((await fetch(`${ready.issuer}/control/users`, { headers })).status).toBe(200);
    const ended = once(child, 'exit');
    const before = performance.now();
    child.kill('SIGTERM');
    expect(await ended).toEqual([143, null]);
    // Promised: one second.
    expect(performance.now() - before).toBeLessThan(5000);
    expect(lines).toHaveLength(1);
  });

  it('prints the effective configuration without secrets, and ends', async () => {
    const file = path.join(directory, 'serve.json');
    writeFileSync(
      file,
      '{"clients":[{"client_id":"a","client_secret":"hunter2hunter2"}],"port":8080}',
    );
    const args = [bin, 'serve', '--config', file, '--port', '9090', '--print-config'];
    const { stdout } = await run(process.execPath, args, { env: environment });
    expect(JSON.parse(stdout)).toMatchObject({
      port: 9090,
      issuers: [{ clients: [{ client_id: 'a' }] }],
    });
    expect(stdout).not.toContain('hunter2');
  });

  it.each<[string, () => Promise<string[]>, RegExp]>([
    [
      'a file that is not there',
      async () => ['--config', '/nonexistent.json'],
      /cannot read \/nonexistent.json \(ENOENT\)/,
    ],
    [
      'a mistake in the file',
      async () => ['--config', mistaken()],
      /clients\[0\]\.client_id: expected, but missing/,
    ],
    [
      'a port that is taken',
      async () => ['--port', String(await takenPort())],
      /port \d+ is in use/,
    ],
  ])('ends with exit code 2 and a clear error for %s', async (_, make, message) => {
    const args = [bin, 'serve', ...(await make())];
    const failure = (await run(process.execPath, args, { env: environment }).catch(
      (error: unknown) => error,
    )) as { code: number; stderr: string; stdout: string };
    expect(failure.code).toBe(2);
    expect(failure.stdout).toBe('');
    expect(failure.stderr).toMatch(message);
  });
});

describe('the module', () => {
  it('runs the README’s example, and its types hold', async () => {
    const readme = readFileSync(path.join(root, 'README.md'), 'utf8');
    const example = /```ts\n([^]*?)```/.exec(
      readme.slice(readme.indexOf('### In a test suite')),
    )![1]!;
    const project = path.join(directory, 'project');
    const modules = path.join(project, 'node_modules');
    mkdirSync(modules, { recursive: true });
    symlinkSync(root, path.join(modules, 'oauth-cli'));
    for (const name of ['vitest', '@types']) {
      symlinkSync(path.join(root, 'node_modules', name), path.join(modules, name));
    }
    const file = path.join(project, 'example.test.ts');
    writeFileSync(path.join(project, 'package.json'), '{"type":"module"}');
    writeFileSync(file, example);
    const vitest = path.join(root, 'node_modules/vitest/vitest.mjs');
    const env = { ...process.env, NO_COLOR: '1' };
    const { stdout } = await run(process.execPath, [vitest, 'run'], { cwd: project, env });
    expect(stdout).toMatch(/2 passed/);
    const tsc = path.join(root, 'node_modules/typescript/bin/tsc');
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--types', 'node'];
    const target = ['--module', 'nodenext', '--target', 'es2023'];
    await run(process.execPath, [tsc, ...options, ...target, file], { cwd: project });
  });
});

function mistaken(): string {
  const file = path.join(directory, 'mistake.json');
  writeFileSync(file, '{"clients":[{}]}');
  return file;
}

async function takenPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  server.unref();
  return (server.address() as AddressInfo).port;
}
