import os from 'node:os';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Workplace } from './child.ts';
import { ended, makeWorkplace, startChild, untilText } from './child.ts';

let workplace: Workplace;

beforeAll(async () => {
  workplace = await makeWorkplace();
});
afterAll(() => workplace.remove());

async function start(onAbort: string) {
  const program = await workplace.program(`
    import fs from 'node:fs';
    import { createCancellation } from './src/adapters/signals.js';
    const { signal, dispose } = createCancellation();
    setInterval(() => undefined, 60_000);
    signal.addEventListener('abort', () => {
      const { code, signal: name } = signal.reason;
      fs.writeSync(1, 'cancelled: ' + code + ' ' + name);
      ${onAbort}
    });
    fs.writeSync(1, 'ready ');`);
  const child = startChild(program);
  const end = ended(child);
  await untilText(child.stdout, 'ready');
  return { child, end };
}

describe('cancellation', () => {
  it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
    'EXIT-03: %s aborts with a CancelledError',
    async (name) => {
      const { child, end } = await start('process.exit(7);');
      child.kill(name);
      expect(await end).toEqual({
        status: 7,
        signal: null,
        stdout: `ready cancelled: cancelled ${name}`,
        stderr: '',
      });
    },
  );

  it.each([
    ['SIGINT', 'SIGINT'],
    ['SIGINT', 'SIGTERM'],
    ['SIGTERM', 'SIGHUP'],
  ] as const)(
    'EXIT-03: %s and then %s ends the process, whatever it waits for',
    async (first, second) => {
      // A read of a terminal or pipe in Node's thread pool holds up process.exit() for good.
      const { child, end } = await start(`fs.read(0, Buffer.alloc(1), () => undefined);`);
      child.kill(first);
      await untilText(child.stdout, first);
      child.kill(second);
      expect(await end).toMatchObject({ status: null, signal: second, stderr: '' });
    },
  );

  it.each(['SIGHUP', 'SIGINT', 'SIGTERM'] as const)(
    'a shell sees 128 and the number of a second %s',
    async (name) => {
      const program = await workplace.program(`
      import { spawnSync } from 'node:child_process';
      const inner = "import('${workplace.source}/adapters/signals.js').then(({ createCancellation }) => {"
        + "createCancellation(); process.kill(process.pid, '${name}'); setTimeout(() => process.kill(process.pid, '${name}'), 10);"
        + "setInterval(() => undefined, 60000); })";
      const { stdout } = spawnSync('/bin/sh', ['-c', '"$0" -e "$1"; echo $?', process.execPath, inner]);
      process.stdout.write(stdout);`);
      const { stdout } = await ended(startChild(program));
      expect(stdout.trim()).toBe(String(128 + os.constants.signals[name]));
    },
  );

  it('gives the signals back when it is disposed of', async () => {
    const { child, end } = await start('dispose(); fs.writeSync(1, " disposed");');
    child.kill('SIGTERM');
    await untilText(child.stdout, 'disposed');
    child.kill('SIGTERM');
    expect(await end).toMatchObject({ status: null, signal: 'SIGTERM' });
  });
});
