// curl's `-H`: `Name: value`, `Name;` for an empty value, `Name:` to leave a header out, `@file` for many.

import type { HttpHeaders } from '../environment.ts';
import { CliError } from '../errors.ts';
import type { FileReader } from './option-files.ts';

export type HeaderOptions = {
  readonly headers: HttpHeaders;
  /** In lower case: every name that was typed, with those to leave out. */
  readonly names: ReadonlySet<string>;
};

type HeaderLine = { readonly name: string; readonly value: string | null };

const maxFileBytes = 1024 * 1024;

const refusedNames: Readonly<Record<string, string>> = {
  authorization: 'the token is sent in it; to send your own, use curl',
  host: 'the token is for the host in the URL',
  'transfer-encoding': 'oauth-cli frames the body itself',
};

/** @throws CliError `usage` naming the header, never its value */
export async function readHeaderOptions(
  typed: readonly string[],
  files: FileReader,
): Promise<HeaderOptions> {
  const lines: HeaderLine[] = [];
  for (const one of typed) {
    const texts = one.startsWith('@') ? await readLines(one.slice(1), files) : [one];
    lines.push(...texts.filter((text) => text !== '').map(parseLine));
  }
  return {
    headers: lines.flatMap(({ name, value }) => (value === null ? [] : [[name, value] as const])),
    names: new Set(lines.map(({ name }) => name.toLowerCase())),
  };
}

/** As curl reads it: empty lines and lines that begin with # are skipped. */
async function readLines(path: string, files: FileReader): Promise<string[]> {
  const text = new TextDecoder().decode(await files.read(path, maxFileBytes));
  return text.split(/\r?\n/).filter((line) => line.trim() !== '' && !line.startsWith('#'));
}

function parseLine(line: string): HeaderLine {
  const [, name = '', separator, rest = ''] = /^([^:;]*)([:;])([^]*)$/.exec(line) ?? [];
  if (separator === undefined)
    throw usage('a header given with -H has no colon', 'write it as "Name: value"');
  if (!/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/.test(name)) {
    throw usage('the name of a header given with -H is not a valid HTTP token');
  }
  const refusal = Object.hasOwn(refusedNames, name.toLowerCase())
    ? refusedNames[name.toLowerCase()]
    : undefined;
  if (refusal !== undefined) throw usage(`the header ${name} cannot be given with -H`, refusal);
  const value = rest.replace(/^[ \t]+|[ \t]+$/g, '');
  if (/[\u0000-\u0008\u000a-\u001f\u007f]/.test(value)) {
    throw usage(`the value of the header ${name} contains a control character`);
  }
  if (separator === ':') return { name, value: value === '' ? null : value };
  if (value !== '')
    throw usage(`a semicolon after the header name ${name}`, 'write it as "Name: value"');
  return { name, value: '' };
}

function usage(message: string, hint?: string): CliError {
  return new CliError('usage', message, { hint });
}
