// The state directory: atomic, durable files of mode 0600 that only their owner may touch, in directories of 0700.

import { closeSync, constants, fstatSync, lstatSync, readdirSync, readSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Home } from '../../environment.ts';
import { CliError, StoreError } from '../../errors.ts';
import { isTemporary, removeLeftovers, syncDirectory, writeDurably } from './durable-write.ts';
import {
  checkPrivateDirectories,
  checkPrivateFile,
  makePrivateDirectories,
  openPrivateFile,
  storeErrorOf,
} from './private-file.ts';
import { systemCode } from '../system-error.ts';

const readLimit = 16 * 1024 * 1024;

/** `locate` gives the absolute path; it is called at each use, so that its error meets only those who need a home. */
export function createHome(locate: () => string): Home {
  return {
    get directory() {
      return locate();
    },
    read: async (name) => inStore('read', placeOf(locate(), name), readPlace),
    write: async (name, data) =>
      inStore('write', placeOf(locate(), name), (place) => writePlace(place, data)),
    remove: async (name) => inStore('remove', placeOf(locate(), name), removePlace),
    list: async (directory) => inStore('list', placeOf(locate(), directory), listPlace),
  };
}

export type HomeLocation = {
  readonly platform: string;
  readonly variables: Readonly<Record<string, string | undefined>>;
  /** `os.homedir`, which throws for a user that the system does not know. */
  readonly homedir: () => string;
};

/**
 * `OAUTH_CLI_HOME`, else the platform's configuration directory for oauth-cli.
 * @throws CliError `usage` when OAUTH_CLI_HOME is relative; StoreError when the system names no home directory
 * @see https://specifications.freedesktop.org/basedir-spec/latest/
 */
export function homeDirectory({ platform, variables, homedir }: HomeLocation): string {
  const { isAbsolute, join } = platform === 'win32' ? path.win32 : path.posix;
  const own = variables['OAUTH_CLI_HOME'] ?? '';
  if (own !== '') {
    if (isAbsolute(own)) return own;
    throw new CliError('usage', `OAUTH_CLI_HOME is not an absolute path: ${own}`, {
      hint: 'give the whole path, beginning at the root',
    });
  }
  const configured = variables[platform === 'win32' ? 'APPDATA' : 'XDG_CONFIG_HOME'] ?? '';
  if (platform !== 'darwin' && isAbsolute(configured)) return join(configured, 'oauth-cli');
  const user = userDirectory(homedir);
  if (!isAbsolute(user)) {
    throw new StoreError('missing', 'this user has no home directory', {
      hint: 'set OAUTH_CLI_HOME or HOME to an absolute path',
    });
  }
  if (platform === 'darwin') return join(user, 'Library', 'Application Support', 'oauth-cli');
  if (platform === 'win32') return join(user, 'AppData', 'Roaming', 'oauth-cli');
  return join(user, '.config', 'oauth-cli');
}

function userDirectory(homedir: () => string): string {
  try {
    return homedir();
  } catch (error) {
    if (systemCode(error) !== undefined) return '';
    throw error;
  }
}

type Place = {
  readonly root: string;
  /** Path segments below `root`. */
  readonly segments: readonly string[];
  readonly path: string;
};

function placeOf(root: string, name: string): Place {
  const segments = name.split('/');
  if (segments.some((segment) => ['', '.', '..'].includes(segment) || /[\\:\0]/.test(segment))) {
    throw new RangeError('not a name inside the state directory');
  }
  return { root, segments, path: path.join(root, ...segments) };
}

async function inStore<Result>(
  action: string,
  place: Place,
  work: (place: Place) => Result | Promise<Result>,
): Promise<Result> {
  try {
    return await work(place);
  } catch (error) {
    throw storeErrorOf(action, place.path, error);
  }
}

function readPlace(place: Place): Uint8Array | null {
  if (!checkPrivateDirectories(place.root, place.segments.slice(0, -1))) return null;
  const descriptor = openPrivateFile(place.path, constants.O_RDONLY);
  if (descriptor === null) return null;
  try {
    const size = fstatSync(descriptor).size;
    if (size > readLimit) {
      throw new StoreError('too_large', `${place.path} is longer than ${readLimit} bytes`, {
        hint: 'oauth-cli did not write that: look at it and move it away',
      });
    }
    return readUpTo(descriptor, size);
  } finally {
    closeSync(descriptor);
  }
}

/** Written files are replaced, never changed: the size at opening is the size. */
function readUpTo(descriptor: number, size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  let length = 0;
  while (length < size) {
    const count = readSync(descriptor, bytes, length, size - length, null);
    if (count === 0) break;
    length += count;
  }
  return bytes.subarray(0, length);
}

async function writePlace(place: Place, data: Uint8Array): Promise<void> {
  makePrivateDirectories(place.root, place.segments.slice(0, -1));
  const existing = lstatSync(place.path, { throwIfNoEntry: false });
  if (existing !== undefined) checkPrivateFile(place.path, existing);
  await writeDurably(place.path, data);
}

function removePlace(place: Place): boolean {
  if (!checkPrivateDirectories(place.root, place.segments.slice(0, -1))) return false;
  const directory = path.dirname(place.path);
  removeLeftovers(directory);
  if (lstatSync(place.path, { throwIfNoEntry: false }) === undefined) return false;
  rmSync(place.path, { force: true });
  syncDirectory(directory);
  return true;
}

function listPlace(place: Place): readonly string[] {
  if (!checkPrivateDirectories(place.root, place.segments)) return [];
  return readdirSync(place.path, { withFileTypes: true })
    .filter((entry) => entry.isFile() && !isTemporary(entry.name))
    .map((entry) => entry.name)
    .sort();
}
