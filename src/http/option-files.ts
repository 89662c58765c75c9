// The `@file` and `@-` of curl's options: files that the user names, and standard input, which can be read once.

import type { Environment } from '../environment.ts';
import { CliError } from '../errors.ts';

export interface FileReader {
  /** The whole file, or standard input for `-`. @throws CliError `usage` */
  read(path: string, limit: number): Promise<Uint8Array>;
}

/** A reader for the options of one request. */
export function createFileReader(
  environment: Pick<Environment, 'stdin' | 'userFiles'>,
): FileReader {
  let stdinUsed = false;
  return {
    async read(path, limit) {
      if (path === '') throw new CliError('usage', 'no file name after @');
      if (path !== '-') return environment.userFiles.read(path, limit);
      if (stdinUsed) throw new CliError('usage', 'standard input (@-) can be read only once');
      stdinUsed = true;
      return environment.stdin.readAll(limit);
    },
  };
}
