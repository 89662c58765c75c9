// The arguments of `request`: curl's options and ours besides.

import type { CurlOptions } from '../http/curl-options.ts';
import { parseCurlArguments } from '../http/curl-options.ts';

export type RequestArguments = {
  readonly options: CurlOptions;
  readonly profileName: string | undefined;
};

/** @throws CliError `usage` */
export function parseRequestArguments(args: readonly string[]): RequestArguments {
  const { curl, own } = parseCurlArguments(args, [
    { name: 'profile', takesValue: true },
    { name: 'json-errors', takesValue: false },
  ]);
  const profile = own.get('profile');
  return { options: curl, profileName: typeof profile === 'string' ? profile : undefined };
}
