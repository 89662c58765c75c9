import { spawn, spawnSync } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Workplace } from './child.ts';
import { ended, makeWorkplace, missing, startChild } from './child.ts';

let workplace: Workplace;
const hasPython = spawnSync('python3', ['-c', 'import pty']).status === 0;

beforeAll(async () => {
  workplace = await makeWorkplace();
});
afterAll(() => workplace.remove());

type Step = ['expect' | 'send', string] | ['signal', number];
type Shown = { shown: string; status: number; restored: boolean };

const preamble = `
  import fs from 'node:fs';
  import { createPrompt } from './src/adapters/terminal/prompt.js';
  import { createCancellation } from './src/adapters/signals.js';
  import { createStreams } from './src/adapters/terminal/streams.js';
  const { signal } = createCancellation();
  const prompt = createPrompt(signal);
  const say = (value) => fs.writeSync(1, '<' + JSON.stringify(value) + '>');
  const told = (error) => [error.code, error.message, error.signal ?? null];`;

/** After the last step the program still waits for a signal, so that the terminal's mode can be looked at. */
async function converse(code: string, steps: Step[]): Promise<Shown> {
  const program = await workplace.program(`${preamble}
    const waiting = setInterval(() => undefined, 60_000);
    process.on('SIGUSR2', () => clearInterval(waiting));
    ${code}
    fs.writeSync(1, 'END');`);
  const driver = path.join(import.meta.dirname, 'terminal.py');
  const child = spawn('python3', [driver, process.execPath, program]);
  child.stdin.end(
    JSON.stringify([...steps, ['expect', 'END'], ['signal', os.constants.signals.SIGUSR2]]),
  );
  const { stdout, stderr } = await ended(child);
  expect(stderr).toBe('');
  return JSON.parse(stdout) as Shown;
}

describe('at a terminal', () => {
  beforeEach(({ skip }) => missing(skip, 'python3', hasPython));

  it('asks on the terminal, shows what is typed and takes it without the line end', async () => {
    const { shown, status, restored } = await converse(`say(await prompt.ask('Issuer: '));`, [
      ['expect', 'Issuer: '],
      ['send', 'https://as.exampleX\u007f/ü\r'],
      ['expect', '<"https://as.example/ü">'],
    ]);
    expect(shown).toContain('https://as.example');
    expect({ status, restored }).toEqual({ status: 0, restored: true });
  });

  it('takes a pasted line longer than a terminal buffers', async () => {
    const line = 'a'.repeat(6000);
    const { status } = await converse(`say((await prompt.ask('URL: ')).length);`, [
      ['expect', 'URL: '],
      ['send', `${line}\r`],
      ['expect', '<6000>'],
    ]);
    expect(status).toBe(0);
  });

  it('shows nothing of a secret, typed, corrected or pasted', async () => {
    const { shown, status, restored } = await converse(
      `say((await prompt.askSecret('Secret: ')) === 'pä ss"word');`,
      [
        ['expect', 'Secret: '],
        ['send', 'pä sX'],
        ['send', '\u007fs"'],
        ['send', 'word\r'],
        ['expect', '<true>'],
      ],
    );
    expect(shown).toBe('Secret: \r\n<true>END');
    expect({ status, restored }).toEqual({ status: 0, restored: true });
  });

  it('asks twice', async () => {
    const { status } = await converse(
      `say([await prompt.askSecret('One: '), await prompt.ask('Two: ')]);`,
      [
        ['expect', 'One: '],
        ['send', '1\r'],
        ['expect', 'Two: '],
        ['send', '2\r'],
        ['expect', '<["1","2"]>'],
      ],
    );
    expect(status).toBe(0);
  });

  it.each([
    ['y\r', true],
    ['YES\r', true],
    [' y \r', true],
    ['\r', false],
    ['n\r', false],
    ['yo\r', false],
  ])('TTY-09: takes %j to a y/N question as %s', async (typed, expected) => {
    const { shown } = await converse(`say(await prompt.confirm('Replace it?'));`, [
      ['expect', 'Replace it? [y/N] '],
      ['send', typed],
      ['expect', '<'],
    ]);
    expect(shown).toContain(`<${expected}>`);
  });

  it.each(['ask', 'askSecret', 'confirm'])(
    'EXIT-03: Ctrl-C at %s cancels and gives the terminal back',
    async (method) => {
      const { shown, restored } = await converse(
        `say(await prompt.${method}('Well? ').catch(told));`,
        [
          ['expect', 'Well? '],
          ['send', 'half\u0003'],
          ['expect', '>'],
        ],
      );
      expect(shown).toContain('\r\n<["cancelled","cancelled by SIGINT","SIGINT"]>');
      expect(restored).toBe(true);
    },
  );

  it.each(['ask', 'askSecret', 'confirm'])(
    'EXIT-03: SIGTERM at %s cancels and gives the terminal back',
    async (method) => {
      const { shown, restored } = await converse(
        `say(await prompt.${method}('Well? ').catch(told));`,
        [
          ['expect', 'Well? '],
          ['signal', 15],
          ['expect', '>'],
        ],
      );
      expect(shown).toContain('\r\n<["cancelled","cancelled by SIGTERM","SIGTERM"]>');
      expect(restored).toBe(true);
    },
  );

  it.each(['ask', 'askSecret'])('Ctrl-D at %s is no answer', async (method) => {
    const { shown } = await converse(`say(await prompt.${method}('Well? ').catch(told));`, [
      ['expect', 'Well? '],
      ['send', '\u0004'],
      ['expect', '>'],
    ]);
    expect(shown).toContain('<["usage","no answer was given",null]>');
  });

  it('gives up a question that its own signal ends', async () => {
    const { shown, restored } = await converse(
      `const controller = new AbortController();
      const answer = prompt.ask('Paste: ', controller.signal).catch((reason) => reason);
      setTimeout(() => controller.abort('the callback came'), 50);
      say(await answer);
      say(await prompt.ask('Late: ', controller.signal).catch((reason) => reason));`,
      [['expect', '<"the callback came"><"the callback came">']],
    );
    expect(shown).not.toContain('Late');
    expect(restored).toBe(true);
  });

  it('streams know the terminal and its width', async () => {
    const { shown } = await converse(
      `const { stdin, stdout, stderr } = createStreams();
      say([stdin.isTTY, stdin.isFed, stdout.isTTY, stdout.columns, stderr.columns]);`,
      [['expect', '>']],
    );
    expect(shown).toContain('<[true,false,true,77,77]>');
  });
});

describe('without a terminal', () => {
  it.each(['ask', 'askSecret', 'confirm'])('%s is a usage error with a way out', async (method) => {
    const program = await workplace.program(`${preamble}
      const error = await prompt.${method}('Well? ').catch((reason) => reason);
      say([error.code, error.message, typeof error.hint]);`);
    expect(await ended(startChild(program))).toEqual({
      status: 0,
      signal: null,
      stdout: '<["usage","there is no terminal to ask on","string"]>',
      stderr: '',
    });
  });
});
