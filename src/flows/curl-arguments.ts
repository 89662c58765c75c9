// The arguments of `request`: curl's options and ours besides.

import type { CurlOptions } from '../http/curl-options.ts';
import { parseCurlArguments } from '../http/curl-options.ts';

export type RequestArguments = {
  readonly options: CurlOptions;
  readonly profileName: string | undefined;
  readonly passphraseFile: string | undefined;
};

/** @throws CliError `usage` */
export function parseRequestArguments(args: readonly string[]): RequestArguments {
  const { curl, own } = parseCurlArguments(args, [
    { name: 'profile', takesValue: true },
    { name: 'passphrase-file', takesValue: true },
    { name: 'json-errors', takesValue: false },
  ]);
  const text = (name: string) => {
    const value = own.get(name);
    return typeof value === 'string' ? value : undefined;
  };
  return { options: curl, profileName: text('profile'), passphraseFile: text('passphrase-file') };
}
