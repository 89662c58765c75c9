import { describe, expect, it } from 'vitest';
import { CliError } from '../../../src/errors.ts';
import { parseCurlArguments } from '../../../src/http/curl-options.ts';
import type { CurlOptions } from '../../../src/http/curl-options.ts';

const url = 'https://h/';
const own = [
  { name: 'profile', takesValue: true },
  { name: 'json-errors', takesValue: false },
];

describe('what curl accepts', () => {
  const table: [args: string[], options: Partial<CurlOptions>][] = [
    [[url], { url, headers: [], data: [], include: false, fail: false, silent: false }],
    [['-sSf', url], { silent: true, showError: true, fail: true }],
    [
      ['--silent', '--show-error', '--fail', '--include', url],
      { silent: true, showError: true, fail: true, include: true },
    ],
    [['-XPOST', url], { method: 'POST' }],
    [['-X', 'POST', url], { method: 'POST' }],
    [['--request', 'POST', url], { method: 'POST' }],
    [['-X', 'A', '-XB', url], { method: 'B' }],
    [['-iXPUT', url], { include: true, method: 'PUT' }],
    [['-X', '-i', url], { method: '-i', include: false }],
    [['-d@file', '-d', 'a=b', '--data', '', url], { data: ['@file', 'a=b', ''] }],
    [['-HA: b', '-H', 'C: d', '--header', 'E: f', url], { headers: ['A: b', 'C: d', 'E: f'] }],
    [['-ofile', url], { output: 'file' }],
    [['-o', '-', url], { output: '-' }],
    [['-o', 'a', '-o', 'b', url], { output: 'a' }],
    [[url, '-i'], { url, include: true }],
    [['-i', '--', '-strange'], { url: '-strange', include: true }],
    [['--sil', '--inc', url], { silent: true, include: true }],
    [['--no-silent', '-s', '--no-include', url], { silent: true, include: false }],
    [['-s', '--no-silent', url], { silent: false }],
  ];

  it.each(table)('%j', (args, options) => {
    expect(parseCurlArguments(args).curl).toMatchObject(options);
  });
});

describe('options of our own', () => {
  it('take their value as the next word or after =', () => {
    const args = ['--profile', 'a', '--json-errors', url];
    expect([...parseCurlArguments(args, own).own]).toEqual([
      ['profile', 'a'],
      ['json-errors', true],
    ]);
    expect([...parseCurlArguments(['--profile=a=b', url], own).own]).toEqual([['profile', 'a=b']]);
  });

  it('leave the abbreviations to curl', () => {
    expect(() => parseCurlArguments(['--prof', 'a', url], own)).toThrow('unknown option --prof');
  });

  it('take no value where they are switches', () => {
    expect(() => parseCurlArguments(['--json-errors=canary', url], own)).toThrow(
      /^--json-errors takes no value$/,
    );
  });
});

describe('what is refused', () => {
  it.each([
    [['--client-secret=canary', url], 'unknown option --client-secret'],
    [['--request=canary', url], 'option --request with ='],
    [['-9canary', url], 'unknown option -9'],
    [['-s9canary', url], 'unknown option -9'],
    [['-é', url], 'unknown option -é'],
    [['-', url], 'unknown option -'],
    [['--reques', 'canary', url], 'option --reques is ambiguous'],
    [['--he', 'canary', url], 'option --he is ambiguous'],
    [['--no-header', 'canary', url], '--no-header: only a switch has a --no- form'],
    [['-u', 'canary:canary', url], "curl's option -u is not supported yet"],
    [['--user', 'canary', url], "curl's option --user is not supported yet"],
    [['--oauth2-bearer', 'canary', url], "curl's option --oauth2-bearer is not supported yet"],
    [['--locat', url], 'option --locat is ambiguous'],
    [['--location', url], "curl's option --location is not supported yet"],
    [['-k', url], "curl's option -k is not supported yet"],
    [['-sSL', url], "curl's option -L is not supported yet"],
    [[url, '-d'], 'option -d needs a value'],
    [[url, '--data'], 'option --data needs a value'],
    [[], 'no URL given'],
    [['-s'], 'no URL given'],
    [[url, 'https://canary/'], 'more than one URL is not supported yet'],
  ])('SEC-01: %j, and no value is repeated', (args, message) => {
    const error = failure(() => parseCurlArguments(args, own));
    expect(error).toMatchObject({ code: 'usage', message });
    expect(`${error.message}${error.hint ?? ''}`).not.toContain('canary');
  });
});

function failure(act: () => unknown): CliError {
  try {
    act();
  } catch (error) {
    if (error instanceof CliError) return error;
  }
  throw new Error('it did not fail');
}
