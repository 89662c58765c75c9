// Questions to the person at the terminal: read from stdin, asked on stderr, so that stdout stays the result's.

import tty from 'node:tty';
import type { Prompt } from '../../environment.ts';
import { CancelledError, CliError } from '../../errors.ts';

/** `cancelled` ends every question; the terminal is then as it was. */
export function createPrompt(cancelled: AbortSignal): Prompt {
  const ask = (question: string, signal: AbortSignal) => askLine(question, signal, true);
  return {
    ask: (question, signal) =>
      ask(question, signal === undefined ? cancelled : AbortSignal.any([cancelled, signal])),
    askSecret: (question) => askLine(question, cancelled, false),
    confirm: async (question) =>
      /^y(es)?$/i.test((await ask(`${question} [y/N] `, cancelled)).trim()),
  };
}

/** One line without its end. The terminal is raw while it waits: Ctrl-C is a key then, not a signal. */
async function askLine(question: string, signal: AbortSignal, echo: boolean): Promise<string> {
  if (!tty.isatty(0) || !tty.isatty(2)) {
    throw new CliError('usage', 'there is no terminal to ask on', {
      hint: 'give the answer as an option, a file or an environment variable; see --help',
    });
  }
  signal.throwIfAborted();
  const { createInterface } = await import('node:readline');
  const { Writable } = await import('node:stream');
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({
    input: process.stdin,
    output: echo ? process.stderr : nowhere,
    terminal: true,
    historySize: 0,
    prompt: question,
  });
  return new Promise<string>((resolve, reject) => {
    let settle = () => reject(new CliError('usage', 'no answer was given'));
    let isLineEnded = false;
    const finish = (next: () => void) => {
      settle = next;
      lines.close();
    };
    const stop = () => finish(() => reject(signal.reason as Error));
    lines.once('line', (line) => {
      isLineEnded = echo;
      finish(() => resolve(line));
    });
    lines.once('SIGINT', () => finish(() => reject(new CancelledError('SIGINT'))));
    // Also without an answer, on Ctrl-D; the terminal is back in its mode before anybody goes on.
    lines.once('close', () => {
      signal.removeEventListener('abort', stop);
      if (!isLineEnded) process.stderr.write('\n');
      settle();
    });
    signal.addEventListener('abort', stop, { once: true });
    if (!echo) process.stderr.write(question);
    lines.prompt();
  });
}
