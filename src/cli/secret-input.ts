// Secrets come from stdin, a file or the environment, never from an option's value.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';
import { readUtf8 } from '../strict-json.ts';

const limit = 65_536;

export type SecretSources = {
  readonly stdin: boolean;
  readonly file: string | undefined;
  readonly variable: string;
};

/** Undefined when no source was given. @throws CliError `usage` */
export async function readSecret(
  environment: Environment,
  sources: SecretSources,
): Promise<string | undefined> {
  if (sources.stdin && sources.file !== undefined) {
    throw new CliError('usage', 'the secret was given twice, on stdin and as a file');
  }
  if (sources.stdin) return firstLine(await environment.stdin.readAll(limit), 'stdin');
  if (sources.file !== undefined) {
    return firstLine(await environment.userFiles.readPrivate(sources.file, limit), sources.file);
  }
  const value = environment.variables[sources.variable];
  return value === '' ? undefined : value;
}

/** A file or pipe usually ends with a newline, which is not part of the secret. */
function firstLine(bytes: Uint8Array, source: string): string {
  let text;
  try {
    text = readUtf8(bytes);
  } catch {
    throw new CliError('usage', `the secret from ${source} is not UTF-8 text`);
  }
  const secret = text.replace(/\r?\n$/, '');
  if (secret === '') throw new CliError('usage', `the secret from ${source} is empty`);
  if (/[\r\n\0]/.test(secret))
    throw new CliError('usage', `the secret from ${source} has more than one line`);
  return secret;
}
