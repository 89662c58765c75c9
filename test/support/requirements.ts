// What a test needs of the machine. `npm test` skips with a reason what cannot run here; CI must have everything.

import { existsSync } from 'node:fs';
import path from 'node:path';

/** Why tests that need these programs are skipped; null when they are not, or must not be. */
export function lacking(...programs: readonly string[]): string | null {
  if (process.env['OAUTH_CLI_TEST_REQUIRE_ALL'] === '1') return null;
  const directories = (process.env['PATH'] ?? '').split(path.delimiter);
  const missing = programs.filter(
    (program) => !directories.some((directory) => existsSync(path.join(directory, program))),
  );
  return missing.length === 0 ? null : `needs ${missing.join(', ')}`;
}
