// Parses the command line of `request` the way curl parses its own: clusters, glued values, abbreviations, `--no-`.
// A message names an option and never its value, which may be a secret.

import { CliError } from '../errors.ts';
import { otherLetters, otherNames, supportedOptions } from './curl-option-table.ts';
import type { CurlOption } from './curl-option-table.ts';

export type CurlOptions = {
  readonly url: string;
  /** `-X`, as typed. */
  readonly method: string | undefined;
  /** `-H`, as typed, in order. */
  readonly headers: readonly string[];
  /** `-d`, as typed, in order. */
  readonly data: readonly string[];
  readonly include: boolean;
  /** `-o`; `-` is standard output. */
  readonly output: string | undefined;
  readonly fail: boolean;
  readonly silent: boolean;
  readonly showError: boolean;
  readonly verbose: boolean;
};

/** A long option that is ours and not curl's; it may be written `--name=value`, too. */
export type OwnOption = { readonly name: string; readonly takesValue: boolean };

export type ParsedArguments = {
  readonly curl: CurlOptions;
  /** The last value by the name without dashes; true for an option without one. */
  readonly own: ReadonlyMap<string, string | true>;
};

type Name = (typeof supportedOptions)[number]['name'];
type Seen = {
  readonly urls: string[];
  readonly values: Map<Name, string[]>;
  readonly flags: Map<Name, boolean>;
  readonly own: Map<string, string | true>;
};

/** @throws CliError `usage` for what curl would refuse, for what is not supported here, and for any number of URLs but one */
export function parseCurlArguments(
  args: readonly string[],
  ownOptions: readonly OwnOption[] = [],
): ParsedArguments {
  const seen: Seen = { urls: [], values: new Map(), flags: new Map(), own: new Map() };
  const rest = [...args];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '--') seen.urls.push(...rest.splice(0));
    else if (word.startsWith('--')) readLong(word, rest, ownOptions, seen);
    else if (word.startsWith('-')) readCluster(word.slice(1), rest, seen);
    else seen.urls.push(word);
  }
  return { curl: toCurlOptions(seen), own: seen.own };
}

function readLong(
  word: string,
  rest: string[],
  ownOptions: readonly OwnOption[],
  seen: Seen,
): void {
  const [typed = '', ...glued] = word.slice(2).split('=');
  const own = ownOptions.find(({ name }) => name === typed);
  if (own !== undefined) {
    const given = glued.length > 0 ? glued.join('=') : undefined;
    if (!own.takesValue && given !== undefined) throw usage(`--${typed} takes no value`);
    seen.own.set(typed, own.takesValue ? (given ?? takeValue(`--${typed}`, rest)) : true);
    return;
  }
  const negated = typed.startsWith('no-');
  const option = findLong(negated ? typed.slice(3) : typed, `--${typed}`, glued.length > 0);
  if (negated && option.takesValue) throw usage(`--${typed}: only a switch has a --no- form`);
  if (option.takesValue) addValue(option, takeValue(`--${typed}`, rest), seen);
  else seen.flags.set(option.name, !negated);
}

type Supported = (typeof supportedOptions)[number];

function findLong(typed: string, shown: string, hasGluedValue: boolean): Supported {
  const supported = new Map<string, Supported>(supportedOptions.map((one) => [one.name, one]));
  const names = [...supported.keys(), ...otherNames];
  const matches = names.includes(typed) ? [typed] : names.filter((one) => one.startsWith(typed));
  const [name, ...others] = matches;
  if (name === undefined) throw usage(`unknown option ${shown}`, gluedHint(hasGluedValue));
  if (others.length > 0)
    throw usage(`option ${shown} is ambiguous`, `it could be ${listed(matches)}`);
  if (hasGluedValue) throw usage(`option ${shown} with =`, gluedHint(true));
  const option = supported.get(name);
  if (option === undefined) throw unsupported(`--${name}`);
  return option;
}

function gluedHint(hasGluedValue: boolean): string | undefined {
  return hasGluedValue
    ? "curl's options take their value as the next word: --option value"
    : undefined;
}

function listed(names: readonly string[]): string {
  return (
    names
      .slice(0, 5)
      .map((name) => `--${name}`)
      .join(', ') + (names.length > 5 ? ', …' : '')
  );
}

function readCluster(cluster: string, rest: string[], seen: Seen): void {
  if (cluster === '') throw usage('unknown option -', 'write -d @- to read standard input');
  for (let left = cluster; left !== '';) {
    const letter = String.fromCodePoint(left.codePointAt(0) ?? 0);
    left = left.slice(letter.length);
    const option = supportedOptions.find((one) => one.letter === letter);
    if (option === undefined) {
      throw otherLetters.includes(letter)
        ? unsupported(`-${letter}`)
        : usage(`unknown option -${letter}`);
    }
    if (!option.takesValue) {
      seen.flags.set(option.name, true);
      continue;
    }
    addValue(option, left === '' ? takeValue(`-${letter}`, rest) : left, seen);
    left = '';
  }
}

function takeValue(shown: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined) throw usage(`option ${shown} needs a value`);
  return value;
}

function addValue(option: CurlOption & { name: Name }, value: string, seen: Seen): void {
  seen.values.set(option.name, [...(seen.values.get(option.name) ?? []), value]);
}

function toCurlOptions({ urls, values, flags }: Seen): CurlOptions {
  const [url, ...others] = urls;
  if (url === undefined) throw usage('no URL given', 'oauth-cli request <url>');
  if (others.length > 0) throw usage('more than one URL is not supported yet');
  return {
    url,
    method: values.get('request')?.at(-1),
    headers: values.get('header') ?? [],
    data: values.get('data') ?? [],
    include: flags.get('include') ?? false,
    output: values.get('output')?.[0], // curl matches them with the URLs in order
    fail: flags.get('fail') ?? false,
    silent: flags.get('silent') ?? false,
    showError: flags.get('show-error') ?? false,
    verbose: flags.get('verbose') ?? false,
  };
}

function unsupported(shown: string): CliError {
  return usage(
    `curl's option ${shown} is not supported yet`,
    'use curl itself with the output of: oauth-cli token --header',
  );
}

function usage(message: string, hint?: string): CliError {
  return new CliError('usage', message, { hint });
}
