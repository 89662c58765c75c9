// An Environment for tests in this process: buffers for streams, memory for the keychain and the home directory,
// and the real HTTP transport and loopback listener. The browser is a function.

import { createHash, randomBytes } from 'node:crypto';
import { createHttpTransport } from '../../src/adapters/http/http-transport.ts';
import { createSealing } from '../../src/adapters/files/sealing.ts';
import { createLoopback } from '../../src/adapters/loopback/loopback.ts';
import { passphraseFrom } from '../../src/cli/passphrase.ts';
import type {
  Environment,
  Home,
  HttpTransport,
  Keychain,
  UserFiles,
} from '../../src/environment.ts';
import { CliError } from '../../src/errors.ts';

export type TestOptions = {
  variables?: Record<string, string>;
  /** What `open` does with the URL; absent: there is no browser. */
  browser?: (url: string) => Promise<void>;
  stdin?: string;
  isTTY?: boolean;
  /** What the person types at prompts, in order. */
  answers?: string[];
  keychain?: Keychain;
  home?: Home;
  now?: () => number;
  cancelled?: AbortSignal;
  files?: Record<string, string>;
};

export type TestEnvironment = Environment & {
  readonly out: () => string;
  readonly err: () => string;
  readonly secrets: Map<string, string>;
  readonly homeFiles: Map<string, Uint8Array>;
  /** Hosts that were contacted, in order. */
  readonly contacted: string[];
  /** The files that the command wrote where the user told it to. */
  readonly written: Map<string, string>;
};

export function testEnvironment(options: TestOptions = {}): TestEnvironment {
  const chunks = { out: [] as string[], err: [] as string[] };
  const secrets = new Map<string, string>();
  const homeFiles = new Map<string, Uint8Array>();
  const contacted: string[] = [];
  const written = new Map<string, string>();
  const isTTY = options.isTTY ?? false;
  const sink = (to: string[]) => ({
    isTTY,
    columns: isTTY ? 80 : undefined,
    write: async (data: string | Uint8Array) => {
      to.push(typeof data === 'string' ? data : Buffer.from(data).toString());
    },
  });
  const answers = [...(options.answers ?? [])];
  const answer = async () => {
    const next = answers.shift();
    if (next === undefined) throw new Error('a prompt that the test does not expect');
    return next;
  };
  return {
    variables: options.variables ?? {},
    platform: 'linux',
    processId: process.pid,
    stdin: {
      isTTY,
      isFed: options.stdin !== undefined,
      readAll: async () => new TextEncoder().encode(options.stdin ?? ''),
    },
    stdout: sink(chunks.out),
    stderr: sink(chunks.err),
    prompt: {
      ask: answer,
      askSecret: answer,
      confirm: async () => (await answer()) === 'y',
    },
    clock: {
      now: options.now ?? Date.now,
      monotonic: () => performance.now(),
      sleep: sleepFor,
    },
    random: { bytes: (length) => randomBytes(length) },
    sha256: (text) => createHash('sha256').update(text).digest(),
    http: recording(createHttpTransport(), contacted),
    browser: {
      available: () => options.browser !== undefined,
      open: async (url) => {
        void options.browser?.(url);
        return true;
      },
    },
    loopback: createLoopback(),
    keychain: options.keychain ?? memoryKeychain(secrets),
    home: options.home ?? memoryHome(homeFiles),
    userFiles: memoryUserFiles(options.files ?? {}, written),
    locks: { acquire: async () => ({ release: async () => undefined }) },
    sealing: createSealing(),
    passphrase: passphraseFrom(options.variables ?? {}),
    memory: new Map(),
    cancelled: options.cancelled ?? new AbortController().signal,
    out: () => chunks.out.join(''),
    err: () => chunks.err.join(''),
    secrets,
    homeFiles,
    contacted,
    written,
  };
}

export function memoryKeychain(secrets: Map<string, string>): Keychain {
  const key = (service: string, account: string) => `${service}\0${account}`;
  return {
    getPassword: async (service, account) => secrets.get(key(service, account)) ?? null,
    setPassword: async (service, account, password) =>
      void secrets.set(key(service, account), password),
    deletePassword: async (service, account) => secrets.delete(key(service, account)),
    findCredentials: async (service) =>
      [...secrets]
        .filter(([name]) => name.startsWith(`${service}\0`))
        .map(([name, password]) => ({ account: name.slice(service.length + 1), password })),
    probe: async () => undefined,
    unlock: async () => undefined,
  };
}

export function memoryHome(files: Map<string, Uint8Array>): Home {
  return {
    directory: '/home/test/.config/oauth-cli',
    read: async (name) => files.get(name) ?? null,
    write: async (name, data) => void files.set(name, data),
    remove: async (name) => files.delete(name),
    list: async (directory) =>
      [...files.keys()]
        .filter((name) => name.startsWith(`${directory}/`))
        .map((name) => name.slice(directory.length + 1))
        .sort(),
  };
}

function memoryUserFiles(files: Record<string, string>, written: Map<string, string>): UserFiles {
  const read: UserFiles['read'] = async (name) => {
    const text = files[name];
    if (text === undefined) throw new CliError('usage', `${name} cannot be read`);
    return new TextEncoder().encode(text);
  };
  return {
    read,
    readPrivate: read,
    create: async (name) => {
      const parts: Uint8Array[] = [];
      return {
        write: async (data) => void parts.push(data.slice()),
        close: async () => void written.set(name, Buffer.concat(parts).toString()),
        discard: async () => undefined,
      };
    },
  };
}

function recording(http: HttpTransport, contacted: string[]): HttpTransport {
  return {
    send: (request) => {
      contacted.push(`${request.method} ${request.url.host}${request.url.pathname}`);
      return http.send(request);
    },
  };
}

function sleepFor(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', abort);
      resolve();
    }, milliseconds);
    if (signal?.aborted === true) abort();
    else signal?.addEventListener('abort', abort, { once: true });
  });
}
