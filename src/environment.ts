// Everything that oauth-cli touches outside itself, as interfaces. src/main.ts builds the real one from
// src/adapters; tests build theirs in test/support/environment.ts. No other module reaches for `process`.

/** All side effects of one run. */
export interface Environment {
  /** The process's environment variables at start. */
  readonly variables: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly processId: number;
  readonly stdin: InputStream;
  readonly stdout: OutputStream;
  readonly stderr: OutputStream;
  readonly prompt: Prompt;
  readonly clock: Clock;
  readonly random: Random;
  /** SHA-256 of a text's UTF-8 bytes. */
  readonly sha256: (text: string) => Uint8Array;
  readonly http: HttpTransport;
  readonly browser: Browser;
  readonly loopback: Loopback;
  readonly keychain: Keychain;
  readonly home: Home;
  readonly userFiles: UserFiles;
  readonly locks: Locks;
  readonly sealing: Sealing;
  /** Of the `file` store. @throws StoreError `locked` where there is none and nobody may be asked */
  readonly passphrase: () => Promise<string>;
  /** The `memory` store: secrets that live as long as this process. */
  readonly memory: Map<string, string>;
  /** Aborted with a CancelledError as reason on SIGHUP, SIGINT and SIGTERM. */
  readonly cancelled: AbortSignal;
}

export interface InputStream {
  readonly isTTY: boolean;
  /** A pipe, a socket or a file: somebody feeds it. Not so a terminal and /dev/null. */
  readonly isFed: boolean;
  /** The whole of standard input; throws CliError `usage` when it is longer than `limit` bytes. */
  readAll(limit: number): Promise<Uint8Array>;
}

export interface OutputStream {
  readonly isTTY: boolean;
  /** Terminal width in columns; undefined when it is no terminal. */
  readonly columns: number | undefined;
  /** Resolves when the data is handed over. @throws OutputClosedError on stdout without a reader (EPIPE) */
  write(data: string | Uint8Array): Promise<void>;
}

/** Questions to the person at the terminal, asked on stderr. Throws CliError `usage` without a TTY. */
export interface Prompt {
  ask(question: string, signal?: AbortSignal): Promise<string>;
  /** Without echo. */
  askSecret(question: string): Promise<string>;
  /** y/N; the default is no. */
  confirm(question: string): Promise<boolean>;
}

export interface Clock {
  /** Wall clock, milliseconds since 1970. */
  now(): number;
  /** Never jumps; milliseconds from an arbitrary start. */
  monotonic(): number;
  /** Rejects with the signal's reason when it aborts first. */
  sleep(milliseconds: number, signal?: AbortSignal): Promise<void>;
}

export interface Random {
  /** From the system's cryptographic generator. */
  bytes(length: number): Uint8Array;
}

export type HttpHeaders = readonly (readonly [name: string, value: string])[];

export type HttpRequest = {
  readonly method: string;
  /** http: or https:. */
  readonly url: URL;
  readonly headers: HttpHeaders;
  readonly body?: Uint8Array | AsyncIterable<Uint8Array> | undefined;
  /** DNS, TCP and TLS, in milliseconds. */
  readonly connectTimeout?: number | undefined;
  /** From the call to the last byte of the body, in milliseconds. */
  readonly timeout?: number | undefined;
  readonly signal?: AbortSignal | undefined;
};

export type HttpResponse = {
  readonly status: number;
  readonly statusText: string;
  readonly httpVersion: string;
  /** In wire order, names in wire case. */
  readonly headers: HttpHeaders;
  /** As it came: no content coding is undone. Iterating may throw the errors of `send`. */
  readonly body: AsyncIterable<Uint8Array>;
};

/**
 * One HTTP exchange: no redirect is followed, nothing is decompressed, no cookie is kept, nothing is retried.
 * Errors never contain a header's value.
 */
export interface HttpTransport {
  /** @throws CliError `network` (DNS, TCP, TLS, malformed HTTP), `timeout`; the signal's reason when it aborts. */
  send(request: HttpRequest): Promise<HttpResponse>;
}

export interface Browser {
  /** Whether opening one makes sense here: `BROWSER` is set, or a person is at a desktop (a TTY, no SSH, no CI). */
  available(): boolean;
  /** Starts the browser and returns at once; false when it could not be started. `url` is http(s) and serialized. */
  open(url: string): Promise<boolean>;
}

/** @see RFC 8252 §7.3 */
export interface Loopback {
  /**
   * Binds a literal loopback address (127.0.0.1, or ::1 where there is no IPv4).
   * @throws CliError `usage` when the fixed port is taken
   */
  listen(options: LoopbackOptions): Promise<LoopbackListener>;
}

export type LoopbackOptions = {
  /** The redirect URI's path, compared byte by byte. */
  readonly path: string;
  /** 0 or absent: an ephemeral port. */
  readonly port?: number | undefined;
  /** Called for each request to the redirect path that `accept` refused, with their number so far. */
  readonly onRefused?: ((count: number) => void) | undefined;
};

export interface LoopbackListener {
  /** `http://127.0.0.1:<port><path>` or `http://[::1]:<port><path>`. */
  readonly redirectUri: string;
  /**
   * Waits for the one callback that `accept` takes; every other request is answered 4xx and the wait goes on.
   * After it has been taken, further callbacks are answered 410.
   */
  receive(accept: (parameters: URLSearchParams) => boolean, signal: AbortSignal): Promise<Callback>;
  /** Frees the port and drops every connection. Safe to call twice. */
  close(): Promise<void>;
}

export type CallbackOutcome = 'logged_in' | 'denied' | 'failed';

export type Callback = {
  readonly parameters: URLSearchParams;
  /** Sends the page that tells the outcome; resolves when it is written or the browser is gone. */
  respond(outcome: CallbackOutcome): Promise<void>;
};

/**
 * The OS keychain in keytar's shape. Each call ends within 3 s (`unlock` apart).
 * @throws StoreError
 */
export interface Keychain {
  getPassword(service: string, account: string): Promise<string | null>;
  setPassword(service: string, account: string, password: string): Promise<void>;
  /** False when there was none. */
  deletePassword(service: string, account: string): Promise<boolean>;
  findCredentials(service: string): Promise<readonly { account: string; password: string }[]>;
  /** Resolves when a value could be written now without a prompt; leaves nothing behind. */
  probe(): Promise<void>;
  /** Lets the system ask the person to unlock it; resolves once unlocked, within `timeout` milliseconds. */
  unlock(timeout: number, signal: AbortSignal): Promise<void>;
}

/** The one directory that oauth-cli keeps its state in; names are relative and contain no separator but `/`. */
export interface Home {
  readonly directory: string;
  /** Null when there is none. @throws StoreError on a symlink, a foreign owner, a file that others may write */
  read(name: string): Promise<Uint8Array | null>;
  /** Atomic and durable, mode 0600 from creation; makes directories with 0700. */
  write(name: string, data: Uint8Array): Promise<void>;
  /** False when there was none. */
  remove(name: string): Promise<boolean>;
  /** Names of the files in a directory, sorted; empty when there is none. */
  list(directory: string): Promise<readonly string[]>;
}

/** Files that the user names. */
export interface UserFiles {
  /** @throws CliError `usage` when it cannot be read or is longer than `limit` bytes */
  read(path: string, limit: number): Promise<Uint8Array>;
  /** The same for a file with a secret. @throws CliError `usage` also when others than its owner may read it */
  readPrivate(path: string, limit: number): Promise<Uint8Array>;
  /** @throws CliError `usage` when it cannot be written */
  create(path: string): Promise<FileSink>;
}

/** A file being written: complete and under its name after `close`, gone after `discard`. */
export interface FileSink {
  write(data: Uint8Array): Promise<void>;
  close(): Promise<void>;
  discard(): Promise<void>;
}

/** Locks between processes; the system releases them when their holder dies. */
export interface Locks {
  /** @throws CliError `timeout`, naming the holder, when it is not free within `timeout` milliseconds */
  acquire(name: string, timeout: number, signal: AbortSignal): Promise<Lock>;
}

export interface Lock {
  release(): Promise<void>;
}

/** Authenticated encryption under a passphrase. */
export interface Sealing {
  /** `context` is bound to the result: under another one it does not open. */
  seal(passphrase: string, text: string, context: string): Promise<string>;
  open(
    passphrase: string,
    sealed: string,
    context: string,
  ): Promise<{ readonly text: string } | 'wrong_passphrase' | 'damaged'>;
}
