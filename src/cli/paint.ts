// Colours on the terminal, and when there are any (cli.md: NO_COLOR, FORCE_COLOR, TERM=dumb, --color).

import { Chalk } from 'chalk';
import type { Environment, OutputStream } from '../environment.ts';
import { CliError } from '../errors.ts';

/** Each wraps sanitized text in a colour, or returns it as it is. */
export interface Paint {
  dim(text: string): string;
  bold(text: string): string;
  red(text: string): string;
  yellow(text: string): string;
  green(text: string): string;
  cyan(text: string): string;
}

/** No colours, 16, 256, all. */
export type ColorLevel = 0 | 1 | 2 | 3;

/** A paint of that level; level 0 writes no escape sequence at all. */
export function createPaint(level: ColorLevel): Paint {
  const chalk = new Chalk({ level });
  return {
    dim: (text) => chalk.dim(text),
    bold: (text) => chalk.bold(text),
    red: (text) => chalk.red(text),
    yellow: (text) => chalk.yellow(text),
    green: (text) => chalk.green(text),
    cyan: (text) => chalk.cyan(text),
  };
}

/**
 * The level for a stream: `--color`, then NO_COLOR, then FORCE_COLOR, then whether it is a terminal.
 * @throws CliError `usage` for a `--color` that is not auto, always or never
 */
export function colorLevel(
  { variables }: Pick<Environment, 'variables'>,
  stream: Pick<OutputStream, 'isTTY'>,
  color = 'auto',
): ColorLevel {
  if (color === 'never') return 0;
  if (color === 'always') return 1;
  if (color !== 'auto') {
    throw new CliError('usage', 'unknown value for --color', {
      hint: 'one of auto, always, never',
    });
  }
  const { NO_COLOR: none, FORCE_COLOR: forced, TERM: terminal } = variables;
  if (none !== undefined && none !== '') return 0;
  if (forced !== undefined && forced !== '') return forced === '0' || forced === 'false' ? 0 : 1;
  return stream.isTTY && terminal !== 'dumb' ? 1 : 0;
}
