// The configuration file: reading it, and saying exactly what is wrong with it.

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { ConfigurationInput, ServeConfiguration } from './configuration.ts';
import { DevServerError } from './dev-server-error.ts';
import { findMistake, type Schema } from './json-schema.ts';

const schemaUrl = new URL('../../schemas/serve.schema.json', import.meta.url);

/**
 * The file's content; paths in it are made relative to its directory.
 * @throws DevServerError `configuration`
 */
export function readConfigurationFile(file: string): ConfigurationInput {
  const document = parse(file, read(file));
  const input = checkConfiguration(document, file);
  const absolute = <Part extends { readonly signing_secret_file?: string | undefined }>(
    part: Part,
  ) =>
    part.signing_secret_file === undefined
      ? part
      : {
          ...part,
          signing_secret_file: path.resolve(path.dirname(file), part.signing_secret_file),
        };
  const { issuers, tls } = input;
  const tlsFiles =
    typeof tls === 'object'
      ? {
          tls: {
            cert_file: path.resolve(path.dirname(file), tls.cert_file),
            key_file: path.resolve(path.dirname(file), tls.key_file),
          },
        }
      : {};
  return {
    ...absolute(input),
    ...tlsFiles,
    ...(issuers === undefined ? {} : { issuers: issuers.map(absolute) }),
  };
}

/**
 * What is checked here, by the published schema, is the shape; what clients may say is for registration to check.
 * @throws DevServerError `configuration`
 */
export function checkConfiguration(document: unknown, origin: string): ConfigurationInput {
  const schema = JSON.parse(readFileSync(schemaUrl, 'utf8')) as Schema;
  const mistake = findMistake(document, schema) ?? findRepetition(document as ConfigurationInput);
  if (mistake !== null) {
    const { problem } = mistake;
    const where = mistake.path === '' ? origin : `${origin}: ${mistake.path}`;
    throw new DevServerError('configuration', `${where}: ${problem}`);
  }
  return document as ConfigurationInput;
}

/** The effective configuration as it may be shown: without the secrets in it. */
export function printableConfiguration(configuration: ServeConfiguration): unknown {
  const hidden = new Set(['client_secret', 'password']);
  const text = JSON.stringify(configuration, (name, value: unknown) =>
    hidden.has(name) && typeof value === 'string' ? '(hidden)' : value,
  );
  return JSON.parse(text) as unknown;
}

function read(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new DevServerError('configuration', `cannot read ${file} (${code})`, { cause });
  }
}

function parse(file: string, text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    // The message of JSON.parse may quote the text, and with it a secret.
    const position = Number(/position (\d+)/.exec((cause as Error).message)?.[1] ?? text.length);
    const lines = text.slice(0, position).split('\n');
    const column = (lines.at(-1)?.length ?? 0) + 1;
    const where = `line ${lines.length}, column ${column}`;
    throw new DevServerError('configuration', `${file} is not JSON (${where})`);
  }
}

function findRepetition(input: ConfigurationInput): { path: string; problem: string } | null {
  const lists = [
    ['issuers', input.issuers?.map((one) => one.path)],
    ['clients', input.clients?.map((one) => one.client_id)],
    ['users', input.users?.map((one) => one.username)],
    ['resources', input.resources?.map((one) => one.resource)],
  ] as const;
  for (const [name, values = []] of lists) {
    const index = values.findIndex((value, at) => values.indexOf(value) !== at);
    if (index !== -1) return { path: `${name}[${index}]`, problem: 'is there twice' };
  }
  return null;
}
