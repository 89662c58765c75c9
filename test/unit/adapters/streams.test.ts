import * as fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { ChildOptions, Workplace } from './child.ts';
import { ended, makeWorkplace, startChild, untilText } from './child.ts';

let workplace: Workplace;

beforeAll(async () => {
  workplace = await makeWorkplace();
});
afterAll(() => workplace.remove());

async function start(code: string, options: ChildOptions = {}) {
  const program = await workplace.program(`
    import fs from 'node:fs';
    import { createStreams } from './src/adapters/terminal/streams.js';
    const { stdin, stdout, stderr } = createStreams();
    const say = (text) => fs.writeSync(2, text);
    ${code}`);
  const child = startChild(program, options);
  return { child, end: ended(child) };
}

describe('stdout and stderr', () => {
  it('pass text and bytes of every size through a pipe, in order', async () => {
    const { end } = await start(`
      for (let i = 0; i < 300; i++) await stdout.write('ü' + i + '\\n');
      await stdout.write(new Uint8Array(3_000_000).fill(120));
      await stdout.write('end');
      await stderr.write('quiet');`);
    const lines = Array.from({ length: 300 }, (_, index) => `ü${index}\n`).join('');
    expect(await end).toEqual({
      status: 0,
      signal: null,
      stdout: `${lines}${'x'.repeat(3_000_000)}end`,
      stderr: 'quiet',
    });
  });

  it('write into a file what it is redirected to', async () => {
    const file = path.join(workplace.directory, 'out');
    const { end } = await start(
      `for (const size of [1, 100_000]) await stdout.write('x'.repeat(size));`,
      {
        redirect: `>${file}`,
      },
    );
    expect((await end).status).toBe(0);
    expect(fs.statSync(file).size).toBe(100_001);
  });

  it('wait for a slow reader without blocking the process', async () => {
    const { child, end } = await start(`
      const writing = stdout.write(new Uint8Array(2_000_000));
      const first = await Promise.race([writing.then(() => 'written'), new Promise((done) => setTimeout(done, 50, 'waiting'))]);
      say(first);
      await writing;
      say(' done');`);
    // ended() has begun to read: only a paused stream is a slow reader.
    child.stdout.pause();
    await untilText(child.stderr, 'waiting');
    child.stdout.resume();
    const { stdout, stderr } = await end;
    expect(stdout.length).toBe(2_000_000);
    expect(stderr).toBe('waiting done');
  });

  it('EXIT-03: a signal ends a process whose reader has stopped reading', async () => {
    const { child, end } = await start(`
      process.on('SIGTERM', () => process.exit(143));
      void stdout.write(new Uint8Array(20_000_000));
      setTimeout(say, 50, 'waiting');`);
    child.stdout.pause();
    await untilText(child.stderr, 'waiting');
    child.kill('SIGTERM');
    child.once('exit', () => child.stdout.resume());
    expect((await end).status).toBe(143);
  });

  it('wait where another process has made the pipe non-blocking', async () => {
    const { child, end } = await start(`
      process.stdout;
      let filled = 0;
      try {
        for (;;) filled += fs.writeSync(1, 'f'.repeat(1000));
      } catch (error) {
        if (error.code !== 'EAGAIN') throw error;
      }
      setTimeout(say, 50, filled + ' waiting');
      await stdout.write('y'.repeat(4000));`);
    child.stdout.pause();
    const filled = Number.parseInt(await untilText(child.stderr, 'waiting'), 10);
    child.stdout.resume();
    const { stdout, status } = await end;
    expect(status).toBe(0);
    expect(stdout).toBe('f'.repeat(filled) + 'y'.repeat(4000));
  });

  it.each([1, 1000, 1_000_000])(
    'EXIT-02: a closed reader is told, so that the work is undone in order (%i bytes at a time)',
    async (size) => {
      const { child, end } = await start(`
        try { for (;;) await stdout.write('x'.repeat(${size})); } catch (error) { say(error.name); }`);
      child.stdout.once('data', () => child.stdout.destroy());
      expect(await end).toMatchObject({ status: 0, signal: null, stderr: 'OutputClosedError' });
    },
  );

  it('a closed reader of stderr does not end the work', async () => {
    const { child, end } = await start(`
      await new Promise((done) => process.stdin.once('end', done).resume());
      for (const size of [10, 100_000, 10]) await stderr.write('x'.repeat(size));
      await stdout.write('result');`);
    child.stderr.destroy();
    child.stderr.once('close', () => child.stdin.end());
    expect(await end).toMatchObject({ status: 0, stdout: 'result' });
  });

  it('a full disk is a usage error that says so', async () => {
    const { end } = await start(
      `await stdout.write('x').catch((error) => say(error.code + ': ' + error.message));`,
      {
        redirect: '>/dev/full',
      },
    );
    expect((await end).stderr).toBe(
      'usage: cannot write to standard output: no space left on device',
    );
  });

  it('are no terminal and have no columns in a pipe', async () => {
    const { end } = await start(
      `say(JSON.stringify([stdin.isTTY, stdout.isTTY, stderr.isTTY, stdout.columns ?? null]));`,
    );
    expect((await end).stderr).toBe('[false,false,false,null]');
  });

  it('little output does not load the streams of Node', async () => {
    const { end } = await start(`
      let touched = false;
      for (const name of ['stdin', 'stdout', 'stderr']) Object.defineProperty(process, name, { get: () => { touched = true; } });
      await stdout.write('token\\n');
      stdout.isTTY; stdout.columns; stdin.isTTY; stdin.isFed;
      say(String(touched));`);
    expect(await end).toMatchObject({ stdout: 'token\n', stderr: 'false' });
  });
});

describe('stdin', () => {
  const report = (limit: number) => `
    const data = await stdin.readAll(${limit}).catch((error) => error);
    say(stdin.isFed + ' ' + (data instanceof Error ? data.code + ': ' + data.message : data.length));`;

  it.each([
    ['a pipe', '', 'true 300000'],
    ['a file', '<FILE', 'true 300000'],
    ['/dev/null', '</dev/null', 'false 0'],
    ['nothing, being closed', '<&-', 'false 0'],
    [
      'a directory',
      '</',
      'false usage: cannot read standard input: illegal operation on a directory',
    ],
  ])('reads all of %s', async (_title, redirect, expected) => {
    const file = path.join(workplace.directory, 'in');
    fs.writeFileSync(file, 'x'.repeat(300_000));
    const { child, end } = await start(report(300_000), {
      redirect: redirect.replace('FILE', file),
    });
    child.stdin.on('error', () => undefined);
    child.stdin.end('x'.repeat(300_000));
    expect(await end).toMatchObject({ status: 0, stderr: expected });
  });

  it.each(['pipe', 'file'])('stops at the limit of a %s', async (kind) => {
    const file = path.join(workplace.directory, 'in');
    fs.writeFileSync(file, 'x'.repeat(300_000));
    const { child, end } = await start(
      report(299_999),
      kind === 'file' ? { redirect: `<${file}` } : {},
    );
    child.stdin.on('error', () => undefined);
    child.stdin.write('x'.repeat(300_000));
    expect(await end).toMatchObject({
      status: 0,
      stderr: 'true usage: standard input is longer than 299999 bytes',
    });
  });

  it('EXIT-03: a signal ends the wait for a silent pipe', async () => {
    const { child, end } = await start(`
      process.on('SIGTERM', () => process.exit(143));
      const reading = stdin.readAll(10);
      setTimeout(say, 20, 'reading');
      await reading;`);
    await untilText(child.stderr, 'reading');
    child.kill('SIGTERM');
    expect((await end).status).toBe(143);
  });
});
