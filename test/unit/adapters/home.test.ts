import { execFileSync, spawnSync } from 'node:child_process';
import * as fs from 'node:fs';
import net from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createHome, homeDirectory } from '../../../src/adapters/files/home.ts';
import type { CliError } from '../../../src/errors.ts';
import { StoreError } from '../../../src/errors.ts';
import type { Workplace } from './child.ts';
import {
  ended,
  isEverythingRequired,
  isRoot,
  makeWorkplace,
  missing,
  needsRoot,
  startChild,
  untilText,
} from './child.ts';

const stranger = 54_321;
const rootTest = it.skipIf(!isRoot && !isEverythingRequired);

let workplace: Workplace;
let directory: string;
let count = 0;

beforeAll(async () => {
  workplace = await makeWorkplace();
});
afterAll(() => workplace.remove());
beforeEach(() => {
  directory = path.join(workplace.directory, `home-${count++}`);
});

const home = () => createHome(() => directory);
const bytes = (text: string) => new TextEncoder().encode(text);
const text = (data: Uint8Array | null) => (data === null ? null : Buffer.from(data).toString());
const modeOf = (...names: string[]) => fs.statSync(path.join(directory, ...names)).mode & 0o777;

async function failure(work: Promise<unknown>): Promise<StoreError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(StoreError);
  return error as StoreError;
}

/** A state directory with `config.json` in it. */
async function written(): Promise<string> {
  await home().write('config.json', bytes('old'));
  return path.join(directory, 'config.json');
}

describe('the state directory', () => {
  it('gives back what was written, at any depth, and null for what is not there', async () => {
    expect(await home().read('config.json')).toBeNull();
    expect(await home().read('tokens/a.json')).toBeNull();
    await home().write('config.json', bytes('{}'));
    await home().write('tokens/a.json', bytes('1'));
    await home().write('tokens/a.json', bytes('two'));
    await home().write('empty', new Uint8Array());
    expect(text(await home().read('config.json'))).toBe('{}');
    expect(text(await home().read('tokens/a.json'))).toBe('two');
    expect(text(await home().read('empty'))).toBe('');
  });

  it('lists the files of a directory, sorted, without directories and writes in progress', async () => {
    expect(await home().list('tokens')).toEqual([]);
    await home().write('tokens/b', bytes(''));
    await home().write('tokens/a', bytes(''));
    await home().write('tokens/deeper/c', bytes(''));
    fs.writeFileSync(path.join(directory, 'tokens', `.${process.pid}.0123456789abcdef.tmp`), 'x');
    expect(await home().list('tokens')).toEqual(['a', 'b']);
  });

  it('removes a file and says whether there was one', async () => {
    expect(await home().remove('config.json')).toBe(false);
    await written();
    expect(await home().remove('config.json')).toBe(true);
    expect(await home().remove('config.json')).toBe(false);
    expect(fs.readdirSync(directory)).toEqual([]);
  });

  it.each(['', '/etc/passwd', '../x', 'a/../../x', 'a//b', './a', 'a/', 'a\\b', 'c:x', 'a\0b'])(
    'refuses the name %j',
    async (name) => {
      await expect(home().read(name)).rejects.toThrow(RangeError);
      await expect(home().write(name, bytes('x'))).rejects.toThrow(RangeError);
      await expect(home().remove(name)).rejects.toThrow(RangeError);
      expect(fs.existsSync(directory)).toBe(false);
    },
  );

  it('refuses a file over 16 MiB without reading it', async () => {
    const file = await written();
    fs.truncateSync(file, 16 * 1024 * 1024);
    expect((await home().read('config.json'))?.length).toBe(16 * 1024 * 1024);
    fs.truncateSync(file, 16 * 1024 * 1024 + 1);
    const error = await failure(home().read('config.json'));
    expect(error.reason).toBe('too_large');
    expect(error.message).toContain(file);
  });
});

describe('modes', () => {
  it.each(['000', '022', '077', '777'])(
    'STORE-01: makes directories 0700 and files 0600 under umask %s, and can use them',
    async (umask) => {
      fs.mkdirSync(directory);
      if (isRoot) fs.chownSync(directory, stranger, stranger);
      const state = path.join(directory, 'parent/state');
      const program = await workplace.program(`
        import { createHome } from './src/adapters/files/home.js';
        const home = createHome(() => ${JSON.stringify(state)});
        await home.write('tokens/a', Buffer.from('secret'));
        await home.write('tokens/a', Buffer.from('secret'));
        process.stdout.write(await home.read('tokens/a'));`);
      const child = startChild(program, {
        before: `umask ${umask}`,
        ...(isRoot ? { uid: stranger } : {}),
      });
      expect(await ended(child)).toEqual({ status: 0, signal: null, stdout: 'secret', stderr: '' });
      directory = state;
      expect(modeOf('..')).toBe(0o700);
      expect(modeOf()).toBe(0o700);
      expect(modeOf('tokens')).toBe(0o700);
      expect(modeOf('tokens/a')).toBe(0o600);
    },
  );

  it('STORE-01: no file is open to others for a moment, as the system calls show', async ({
    skip,
  }) => {
    const trace = path.join(workplace.directory, 'trace');
    const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      await createHome(() => ${JSON.stringify(directory)}).write('a', Buffer.from('canary'));`);
    missing(skip, 'strace', spawnSync('strace', ['-V']).status === 0);
    const inner = `sh -c 'umask 777; exec "$0" "$1"' "$0" "$1"`;
    const strace = `exec strace -f -o ${trace} -e trace=openat,fchmod,write,fsync,rename ${inner}`;
    await ended(startChild(program, { before: strace }));
    const calls = fs
      .readFileSync(trace, 'utf8')
      .split('\n')
      .map((line) => line.replace(/^\d+\s+/, ''));
    const from = calls.findIndex((call) => call.includes('.tmp"'));
    const steps = calls
      .slice(from)
      .filter((call) =>
        /^(openat.*(home-|\.tmp)|fchmod|write\(\d+, "canary"|fsync|rename)/.test(call),
      );
    expect(steps[0]).toMatch(/O_WRONLY\|O_CREAT\|O_EXCL.*O_NOFOLLOW.*, 0600\)/);
    expect(steps.slice(1).map((call) => /^\w+/.exec(call)?.[0])).toEqual([
      'fchmod',
      'write',
      'fsync',
      'rename',
      'openat',
      'fsync',
    ]);
  });

  it('STORE-02: closes a file of ours that others could only read', async () => {
    const file = await written();
    fs.chmodSync(file, 0o644);
    expect(text(await home().read('config.json'))).toBe('old');
    expect(modeOf('config.json')).toBe(0o600);
  });

  it('reads a file that its owner made read-only, and leaves it so', async () => {
    const file = await written();
    fs.chmodSync(file, 0o400);
    expect(text(await home().read('config.json'))).toBe('old');
    expect(modeOf('config.json')).toBe(0o400);
  });

  it.each(['620', '602', '666'])(
    'STORE-02: refuses a file that others could write (%s), reading and writing',
    async (mode) => {
      const file = await written();
      fs.chmodSync(file, Number.parseInt(mode, 8));
      for (const work of [
        () => home().read('config.json'),
        () => home().write('config.json', bytes('new')),
      ]) {
        const error = await failure(work());
        expect(error.reason).toBe('denied');
        expect(error.message).toBe(`${file} can be written by others`);
        expect(error.hint).toContain(`chmod 600 ${file}`);
      }
      expect(fs.readFileSync(file, 'utf8')).toBe('old');
    },
  );

  it('STORE-02: refuses a directory that others could write', async () => {
    await written();
    fs.chmodSync(directory, 0o770);
    const error = await failure(home().read('config.json'));
    expect(error.message).toBe(`${directory} can be written by others`);
    expect(error.hint).toBe(`chmod 700 ${directory}`);
    await failure(home().write('config.json', bytes('new')));
    await failure(home().remove('config.json'));
    await failure(home().list('tokens'));
  });

  it('leaves the mode of a directory alone that was there before', async () => {
    fs.mkdirSync(directory, { mode: 0o755 });
    await written();
    expect(modeOf()).toBe(0o755);
  });

  rootTest(`STORE-02: refuses files and directories of another user${needsRoot}`, async () => {
    const file = await written();
    fs.chownSync(file, stranger, stranger);
    expect((await failure(home().read('config.json'))).message).toBe(
      `${file} belongs to another user`,
    );
    await failure(home().write('config.json', bytes('new')));
    fs.chownSync(file, 0, 0);
    fs.chownSync(directory, stranger, stranger);
    expect((await failure(home().read('config.json'))).message).toBe(
      `${directory} belongs to another user`,
    );
    await failure(home().write('config.json', bytes('new')));
    expect(fs.readFileSync(file, 'utf8')).toBe('old');
  });

  it('STORE-03: a replaced file has mode 0600 whatever the old one had', async () => {
    const file = await written();
    fs.chmodSync(file, 0o400);
    await home().write('config.json', bytes('new'));
    expect(modeOf('config.json')).toBe(0o600);
    expect(fs.readFileSync(file, 'utf8')).toBe('new');
  });
});

describe('what else can be at a path', () => {
  type Trap = (file: string) => unknown;
  const traps: [string, Trap][] = [
    ['STORE-07: a symbolic link', (file) => fs.symlinkSync('/etc/passwd', file)],
    ['STORE-07: a dangling symbolic link', (file) => fs.symlinkSync(`${file}-nowhere`, file)],
    [
      'STORE-08: a hard link',
      (file) => {
        fs.writeFileSync(`${file}-other`, 'x', { mode: 0o600 });
        fs.linkSync(`${file}-other`, file);
      },
    ],
    ['STORE-08: a FIFO', (file) => execFileSync('mkfifo', ['-m', '600', file])],
    ['STORE-08: a directory', (file) => fs.mkdirSync(file, { mode: 0o700 })],
  ];

  it.each(traps)('%s is refused without hanging, reading and writing', async (_title, make) => {
    fs.mkdirSync(directory, { mode: 0o700 });
    const file = path.join(directory, 'config.json');
    make(file);
    const before = fs.lstatSync(file);
    expect((await failure(home().read('config.json'))).message).toContain(file);
    expect((await failure(home().write('config.json', bytes('new')))).message).toContain(file);
    expect(fs.lstatSync(file)).toMatchObject({ ino: before.ino, mode: before.mode });
    expect(fs.readdirSync(directory).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it('STORE-08: a socket is refused', async () => {
    fs.mkdirSync(directory, { mode: 0o700 });
    const file = path.join(directory, 'config.json');
    const server = net.createServer();
    await new Promise<void>((resolve) => server.listen(file, resolve));
    await failure(home().read('config.json'));
    await failure(home().write('config.json', bytes('new')));
    await new Promise((resolve) => server.close(resolve));
  });

  rootTest(`STORE-08: a device is refused${needsRoot}`, async () => {
    fs.mkdirSync(directory, { mode: 0o700 });
    const file = path.join(directory, 'config.json');
    execFileSync('mknod', ['-m', '600', file, 'c', '1', '3']);
    await failure(home().read('config.json'));
    await failure(home().write('config.json', bytes('new')));
    expect(fs.lstatSync(file).isCharacterDevice()).toBe(true);
  });

  it('STORE-07: the directory may be our own symbolic link', async () => {
    const real = `${directory}-real`;
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, directory);
    await home().write('tokens/a', bytes('1'));
    expect(text(await home().read('tokens/a'))).toBe('1');
    expect(fs.existsSync(path.join(real, 'tokens/a'))).toBe(true);
  });

  rootTest(`STORE-07: a link to the directory of another user is refused${needsRoot}`, async () => {
    const real = `${directory}-real`;
    fs.mkdirSync(real, { mode: 0o700 });
    fs.symlinkSync(real, directory);
    fs.lchownSync(directory, stranger, stranger);
    await failure(home().write('a', bytes('1')));
    fs.lchownSync(directory, 0, 0);
    fs.chownSync(real, stranger, stranger);
    await failure(home().write('a', bytes('1')));
    await failure(home().read('a'));
    expect(fs.readdirSync(real)).toEqual([]);
  });

  it.each(['to a directory', 'dangling'])(
    'STORE-07: a symbolic link below the directory is refused (%s)',
    async (kind) => {
      fs.mkdirSync(directory, { mode: 0o700 });
      const real = `${directory}-real`;
      if (kind !== 'dangling') fs.mkdirSync(real, { mode: 0o700 });
      fs.symlinkSync(real, path.join(directory, 'tokens'));
      await failure(home().write('tokens/a', bytes('1')));
      await failure(home().read('tokens/a'));
      expect(fs.existsSync(path.join(real, 'a'))).toBe(false);
    },
  );

  it('STORE-07: a dangling link as the directory is an error, not a loop', async () => {
    fs.symlinkSync(`${directory}-nowhere`, directory);
    const error = await failure(home().write('a', bytes('1')));
    expect(error.message).toContain(directory);
  });
});

describe('crashes and failures', () => {
  it('STORE-03: a writer that is killed leaves the old or the new value', async () => {
    const values = ['a', 'b'].map((letter) => letter.repeat(300_000));
    const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      const home = createHome(() => ${JSON.stringify(directory)});
      for (let i = 0; ; i++) {
        await home.write('value', Buffer.from('ab'[i % 2].repeat(300_000)));
        if (i % 7 === 0) process.stderr.write('.');
      }`);
    for (let round = 1; round <= 8; round++) {
      const child = startChild(program);
      const end = ended(child);
      await untilText(child.stderr, '.'.repeat(round));
      child.kill('SIGKILL');
      expect((await end).signal).toBe('SIGKILL');
      expect(values.includes(text(await home().read('value')) ?? '')).toBe(true);
    }
  });

  it('STORE-03: readers see whole values while others write', async () => {
    const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      const home = createHome(() => ${JSON.stringify(directory)});
      for (let i = 0; i < 200; i++) await home.write('value', Buffer.from('ab'[i % 2].repeat(100_000)));`);
    await home().write('value', bytes('a'.repeat(100_000)));
    const writers = [ended(startChild(program)), ended(startChild(program))];
    const done = new AbortController();
    const all = Promise.all(writers).finally(() => done.abort());
    while (!done.signal.aborted) {
      const value = text(await home().read('value')) ?? '';
      expect(value.length).toBe(100_000);
      expect(new Set(value).size).toBe(1);
      await new Promise(setImmediate);
    }
    for (const { status, stderr } of await all)
      expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(fs.readdirSync(directory)).toEqual(['value']);
  });

  it('STORE-06: removes what killed writers left, but nothing fresh and nothing of a living one', async () => {
    await written();
    const child = startChild(await workplace.program(''));
    await ended(child);
    const dead = child.pid!;
    const leave = (pid: number, suffix: string, age: number) => {
      const file = path.join(directory, `.${pid}.${suffix.repeat(16)}.tmp`);
      fs.writeFileSync(file, 'secret', { mode: 0o600 });
      fs.utimesSync(file, Date.now() / 1000 - age, Date.now() / 1000 - age);
      return path.basename(file);
    };
    leave(dead, 'a', 120);
    const fresh = leave(dead, 'b', 0);
    const living = leave(process.pid, 'c', 120);
    await written();
    expect(fs.readdirSync(directory).sort()).toEqual([fresh, living, 'config.json'].sort());
  });

  it('STORE-05: a write that fails half-way leaves the old value and no temporary file', async () => {
    const file = await written();
    const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      const home = createHome(() => ${JSON.stringify(directory)});
      const error = await home.write('config.json', Buffer.alloc(1 << 20)).catch((reason) => reason);
      process.stdout.write(JSON.stringify([error.name, error.code, error.message]));`);
    const child = startChild(program, { before: "trap '' XFSZ; ulimit -f 64" });
    const { stdout } = await ended(child);
    expect(JSON.parse(stdout)).toEqual([
      'StoreError',
      'store_unavailable',
      `cannot write ${file}: file too large`,
    ]);
    expect(fs.readFileSync(file, 'utf8')).toBe('old');
    expect(fs.readdirSync(directory)).toEqual(['config.json']);
  });

  it('STORE-05: a full or read-only file system is an error that names the path', async ({
    skip,
  }) => {
    const mount = path.join(workplace.directory, `mount-${count}`);
    fs.mkdirSync(mount);
    const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      const home = createHome(() => ${JSON.stringify(path.join(mount, 'state'))});
      const error = await home.write('a', Buffer.alloc(Number(process.env.SIZE))).catch((reason) => reason);
      const old = await home.read('a');
      process.stdout.write(JSON.stringify([error?.name, error?.message, old?.length]));`);
    const run = async (script: string) =>
      ended(
        startChild(program, {
          before: `unshare -m true 2>/dev/null || exit 77; exec unshare -m sh -c '${script}' "$0" "$1"`,
        }),
      );
    const write = (size: number) => `SIZE=${size} "$0" "$1"`;
    const tmpfs = `mount -t tmpfs -o size=1m,mode=700 none ${mount}`;
    const full = await run(`${tmpfs} && ${write(10)} && ${write(4 << 20)}`);
    missing(skip, 'the right to mount a file system', full.status !== 77);
    const file = path.join(mount, 'state/a');
    expect(full.stdout).toBe(
      `[null,null,10]["StoreError","cannot write ${file}: no space left on device",10]`,
    );
    const readOnly = await run(
      `${tmpfs} && ${write(10)} && mount -o remount,ro ${mount} && ${write(20)}`,
    );
    expect(readOnly.stdout).toBe(
      `[null,null,10]["StoreError","cannot write ${file}: read-only file system",10]`,
    );
  });

  rootTest(
    `STORE-20: a directory that can't be made or read is an error with a hint${needsRoot}`,
    async () => {
      fs.mkdirSync(directory, { mode: 0o755 });
      const program = await workplace.program(`
      import { createHome } from './src/adapters/files/home.js';
      const home = createHome(() => ${JSON.stringify(path.join(directory, 'state'))});
      const error = await home.write('a', Buffer.from('x')).catch((reason) => reason);
      process.stdout.write(JSON.stringify([error.code, error.message, error.hint]));`);
      const { stdout } = await ended(startChild(program, { uid: stranger }));
      expect(JSON.parse(stdout)).toEqual([
        'store_unavailable',
        `cannot write ${directory}/state/a: permission denied`,
        'set OAUTH_CLI_HOME to a directory that can be written',
      ]);
    },
  );

  it('STORE-05: a name that is too long is an error that names the path', async () => {
    const error = await failure(home().write('x'.repeat(300), bytes('1')));
    expect(error.message).toContain(directory);
    expect(fs.readdirSync(directory)).toEqual([]);
  });
});

describe('where the directory is', () => {
  const homedir = () => '/home/ada';
  const windowsHome = () => 'C:\\Users\\ada';

  it.each([
    ['linux', {}, homedir, '/home/ada/.config/oauth-cli'],
    ['freebsd', {}, homedir, '/home/ada/.config/oauth-cli'],
    ['linux', { XDG_CONFIG_HOME: '/x/config' }, homedir, '/x/config/oauth-cli'],
    ['linux', { XDG_CONFIG_HOME: 'x/config' }, homedir, '/home/ada/.config/oauth-cli'],
    ['linux', { XDG_CONFIG_HOME: '' }, homedir, '/home/ada/.config/oauth-cli'],
    ['linux', { OAUTH_CLI_HOME: '/o', XDG_CONFIG_HOME: '/x' }, homedir, '/o'],
    ['linux', { OAUTH_CLI_HOME: '' }, homedir, '/home/ada/.config/oauth-cli'],
    [
      'darwin',
      { XDG_CONFIG_HOME: '/x' },
      homedir,
      '/home/ada/Library/Application Support/oauth-cli',
    ],
    ['win32', { APPDATA: 'C:\\Users\\ada\\R' }, windowsHome, 'C:\\Users\\ada\\R\\oauth-cli'],
    ['win32', {}, windowsHome, 'C:\\Users\\ada\\AppData\\Roaming\\oauth-cli'],
    ['win32', { OAUTH_CLI_HOME: 'D:\\o' }, windowsHome, 'D:\\o'],
  ])('STORE-20: on %s with %j', (platform, variables, user, expected) => {
    expect(homeDirectory({ platform, variables, homedir: user })).toBe(expected);
  });

  it('STORE-20: a relative OAUTH_CLI_HOME is a usage error', () => {
    const locate = () =>
      homeDirectory({ platform: 'linux', variables: { OAUTH_CLI_HOME: 'x' }, homedir });
    expect(locate).toThrow(expect.objectContaining({ code: 'usage' }) as CliError);
  });

  it.each([
    ['empty', () => ''],
    ['relative', () => 'x'],
    [
      'unknown to the system',
      () => {
        throw Object.assign(new Error('no entry'), { code: 'ENOENT', syscall: 'uv_os_homedir' });
      },
    ],
  ])('STORE-20: a home directory that is %s is a store error with a hint', (_title, user) => {
    const locate = () => homeDirectory({ platform: 'linux', variables: {}, homedir: user });
    expect(locate).toThrow(StoreError);
    expect(locate).toThrow(
      expect.objectContaining({
        hint: expect.stringContaining('OAUTH_CLI_HOME') as string,
      }) as CliError,
    );
  });

  rootTest(
    `STORE-20: without HOME, a user that the system does not know gets that error${needsRoot}`,
    async () => {
      const program = await workplace.program(`
      import os from 'node:os';
      import { createHome, homeDirectory } from './src/adapters/files/home.js';
      const home = createHome(() => homeDirectory({ platform: 'linux', variables: {}, homedir: os.homedir }));
      process.stdout.write((await home.read('a').catch((reason) => reason)).message);`);
      const child = startChild(program, { uid: stranger, before: 'unset HOME' });
      expect(await ended(child)).toMatchObject({
        status: 0,
        stdout: 'this user has no home directory',
      });
    },
  );
});
