import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLocks } from '../../../src/adapters/files/locks.ts';
import type { CliError } from '../../../src/errors.ts';
import { CancelledError, StoreError } from '../../../src/errors.ts';
import type { Workplace } from './child.ts';
import { ended, makeWorkplace, startChild, untilText } from './child.ts';

let workplace: Workplace;
let directory: string;
let count = 0;

beforeAll(async () => {
  workplace = await makeWorkplace();
});
afterAll(() => workplace.remove());
beforeEach(() => {
  directory = path.join(workplace.directory, `home-${count++}`);
});

const never = new AbortController().signal;
const locks = () => createLocks(() => directory);
const lockFile = () => path.join(directory, 'locks/tokens-a.lock');

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
}

/** A process that takes the lock, says so and keeps it. */
async function holder() {
  const program = await workplace.program(`
    import { createLocks } from './src/adapters/files/locks.js';
    await createLocks(() => ${JSON.stringify(directory)}).acquire('tokens-a', 30_000, new AbortController().signal);
    process.stdout.write('held');
    setInterval(() => undefined, 60_000);`);
  const child = startChild(program);
  const end = ended(child);
  await untilText(child.stdout, 'held');
  return { child, end };
}

describe('locks', () => {
  it('is free again after its release, and leaves an empty file of mode 0600', async () => {
    for (let round = 0; round < 3; round++) {
      const lock = await locks().acquire('tokens-a', 0, never);
      expect(fs.readFileSync(lockFile(), 'utf8')).toBe(`${process.pid}\n`);
      await lock.release();
    }
    expect(fs.readFileSync(lockFile(), 'utf8')).toBe('');
    expect(fs.statSync(lockFile()).mode & 0o777).toBe(0o600);
  });

  it('REF-15: locks of other names do not wait for each other', async () => {
    const first = await locks().acquire('tokens-a', 0, never);
    const second = await locks().acquire('tokens-b', 0, never);
    await first.release();
    await second.release();
  });

  it('keeps out a second holder in the same process too', async () => {
    const lock = await locks().acquire('tokens-a', 0, never);
    expect(await failure(locks().acquire('tokens-a', 20, never))).toMatchObject({
      code: 'timeout',
    });
    await lock.release();
    await (await locks().acquire('tokens-a', 0, never)).release();
  });

  it('REF-14: names the holder when it is not free in time', async () => {
    const { child, end } = await holder();
    const error = (await failure(locks().acquire('tokens-a', 100, never))) as CliError;
    expect(error.code).toBe('timeout');
    expect(error.message).toBe(`process ${child.pid!} held ${lockFile()} for more than 0.1 s`);
    child.kill('SIGKILL');
    await end;
  });

  it('REF-14, STORE-17: a killed holder is succeeded within a second', async () => {
    const { child, end } = await holder();
    const next = locks().acquire('tokens-a', 5000, never);
    child.kill('SIGKILL');
    await end;
    await (await next).release();
  });

  it('STORE-18: a stopped holder lets the others time out and still holds it when it goes on', async () => {
    const { child, end } = await holder();
    child.kill('SIGSTOP');
    expect(await failure(locks().acquire('tokens-a', 50, never))).toMatchObject({
      code: 'timeout',
    });
    child.kill('SIGCONT');
    expect(await failure(locks().acquire('tokens-a', 50, never))).toMatchObject({
      code: 'timeout',
    });
    child.kill('SIGKILL');
    await end;
  });

  it('EXIT-03: a wait ends with the reason of the signal', async () => {
    const lock = await locks().acquire('tokens-a', 0, never);
    const controller = new AbortController();
    const waiting = failure(locks().acquire('tokens-a', 60_000, controller.signal));
    controller.abort(new CancelledError('SIGTERM'));
    expect(await waiting).toBe(controller.signal.reason);
    expect(await failure(locks().acquire('tokens-b', 0, controller.signal))).toBe(
      controller.signal.reason,
    );
    await lock.release();
  });

  it('STORE-17: 20 processes with 25 rounds each never hold it together, though some are killed', async () => {
    const program = await workplace.program(`
      import fs from 'node:fs';
      import { createLocks } from './src/adapters/files/locks.js';
      const locks = createLocks(() => ${JSON.stringify(directory)});
      const counter = ${JSON.stringify(path.join(workplace.directory, 'counter'))};
      const dies = process.env.DIES === '1';
      for (let i = 0; i < 25; i++) {
        const lock = await locks.acquire('tokens-a', 30_000, new AbortController().signal);
        if (dies && i === 12) process.kill(process.pid, 'SIGKILL');
        const value = Number(fs.readFileSync(counter, 'utf8'));
        await new Promise(setImmediate);
        fs.writeFileSync(counter, String(value + 1));
        await lock.release();
      }`);
    const counter = path.join(workplace.directory, 'counter');
    fs.writeFileSync(counter, '0');
    const children = Array.from({ length: 20 }, (_, index) =>
      ended(startChild(program, { env: { DIES: index < 4 ? '1' : '0' } })),
    );
    const ends = await Promise.all(children);
    expect(ends.map(({ stderr }) => stderr).join('')).toBe('');
    expect(ends.filter(({ signal }) => signal === 'SIGKILL').length).toBe(4);
    expect(fs.readFileSync(counter, 'utf8')).toBe(String(16 * 25 + 4 * 12));
  });

  it.each(['symbolic link', 'hard link', 'FIFO', 'directory'])(
    'STORE-07, STORE-08: refuses a %s as the lock file',
    async (kind) => {
      fs.mkdirSync(path.dirname(lockFile()), { recursive: true, mode: 0o700 });
      const other = path.join(directory, 'other');
      fs.writeFileSync(other, 'kept', { mode: 0o600 });
      if (kind === 'symbolic link') fs.symlinkSync(other, lockFile());
      if (kind === 'hard link') fs.linkSync(other, lockFile());
      if (kind === 'FIFO') execFileSync('mkfifo', ['-m', '600', lockFile()]);
      if (kind === 'directory') fs.mkdirSync(lockFile());
      expect(await failure(locks().acquire('tokens-a', 0, never))).toBeInstanceOf(StoreError);
      expect(fs.readFileSync(other, 'utf8')).toBe('kept');
    },
  );

  it.each(['', '../a', 'a/b', 'a b', 'a\0'])('refuses the name %j', async (name) => {
    expect(await failure(locks().acquire(name, 0, never))).toBeInstanceOf(RangeError);
    expect(fs.existsSync(directory)).toBe(false);
  });
});
