// Printing: results to stdout, everything for the person to stderr.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { sanitize } from '../sanitize.ts';
import { jsonText } from './json-text.ts';
import type { Paint } from './paint.ts';
import { colorLevel, createPaint } from './paint.ts';

export type OutputOptions = {
  readonly json?: boolean | undefined;
  readonly quiet?: boolean | undefined;
  readonly verbose?: boolean | undefined;
  readonly color?: string | undefined;
};

export interface Output {
  readonly isJson: boolean;
  /** Paints stdout; plain where it is no terminal or JSON was asked for. */
  readonly paint: Paint;
  /** Paints stderr. */
  readonly reportPaint: Paint;
  /** One line of the result on stdout; server text in it is sanitized by the caller. */
  print(text: string): Promise<void>;
  printJson(value: unknown): Promise<void>;
  /** One line to the person on stderr; nothing with --quiet. */
  report(text?: string): Promise<void>;
  /** `oauth-cli: warning: …` on stderr, also with --json, not with --quiet. */
  warn(text: string): Promise<void>;
}

/** @throws CliError `usage` for a bad --color */
export function createOutput(environment: Environment, options: OutputOptions): Output {
  const { stdout, stderr } = environment;
  const isJson = options.json === true;
  const report = async (text: string) => {
    if (options.quiet !== true) await stderr.write(text);
  };
  return {
    isJson,
    paint: createPaint(isJson ? 0 : colorLevel(environment, stdout, options.color)),
    reportPaint: createPaint(colorLevel(environment, stderr, options.color)),
    print: (text) => stdout.write(`${text}\n`),
    printJson: (value) => stdout.write(`${jsonText(value)}\n`),
    report: (text = '') => report(`${text}\n`),
    warn: (text) => report(`oauth-cli: warning: ${sanitize(text)}\n`),
  };
}

/** The one place where errors become text; server text in them is sanitized here. */
export async function reportError(
  environment: Environment,
  error: unknown,
  options: { readonly json: boolean },
): Promise<void> {
  const { code, message, hint } = errorFields(error);
  if (options.json) {
    await environment.stderr.write(`${jsonText({ error: { code, message, hint } })}\n`);
  } else {
    // The terminal has echoed ^C at the end of some line.
    if (code === 'cancelled' && environment.stderr.isTTY) await environment.stderr.write('\n');
    const lines = [`oauth-cli: error: ${sanitize(message, { maxLength: 4096 })}`];
    if (hint !== undefined) lines.push(`oauth-cli: hint: ${sanitize(hint, { maxLength: 4096 })}`);
    await environment.stderr.write(`${lines.join('\n')}\n`);
  }
  if (environment.variables['OAUTH_CLI_DEBUG'] === '1' && error instanceof Error) {
    await environment.stderr.write(
      `${sanitize(stackOf(error), { multiline: true, maxLength: 65_536 })}\n`,
    );
  }
}

function errorFields(error: unknown): { code: string; message: string; hint: string | undefined } {
  if (error instanceof CliError)
    return { code: error.code, message: error.message, hint: error.hint };
  // A bug: its text may hold anything, a token too, so only its kind is told.
  const kind = error instanceof Error ? error.name : typeof error;
  return {
    code: 'internal',
    message: `this is a bug in oauth-cli (${kind})`,
    hint: 'run it again with OAUTH_CLI_DEBUG=1 and report what it prints, after a look for secrets',
  };
}

/** Only where it happened: the message of a foreign error may quote a header or a body. */
function stackOf(error: Error): string {
  const stack = (error.stack ?? '').replace(error.message, '');
  const frames = stack.split('\n').filter((line) => /^\s+at /.test(line));
  const own = [error.name, ...frames].join('\n');
  return error.cause instanceof Error ? `${own}\ncaused by ${stackOf(error.cause)}` : own;
}
