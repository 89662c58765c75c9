import { execFileSync } from 'node:child_process';
import * as fs from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createUserFiles } from '../../../src/adapters/files/user-files.ts';
import { CliError } from '../../../src/errors.ts';
import type { Workplace } from './child.ts';
import {
  ended,
  isEverythingRequired,
  isRoot,
  makeWorkplace,
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
  directory = path.join(workplace.directory, `files-${count++}`);
  fs.mkdirSync(directory);
});

const files = createUserFiles();
const at = (name: string) => path.join(directory, name);
const bytes = (text: string) => new TextEncoder().encode(text);
const modeOf = (file: string) => fs.statSync(file).mode & 0o7777;

async function save(file: string, ...parts: string[]): Promise<void> {
  const sink = await files.create(file);
  for (const part of parts) await sink.write(bytes(part));
  await sink.close();
}

async function failure(work: Promise<unknown>): Promise<CliError> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(CliError);
  expect(error).toMatchObject({ code: 'usage' });
  return error as CliError;
}

describe('reading a secret', () => {
  it.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o666, 0o620])(
    'refuses a file of mode %o, which others than its owner can use',
    async (mode) => {
      fs.writeFileSync(at('a'), 'canary');
      fs.chmodSync(at('a'), mode);
      expect(await failure(files.readPrivate(at('a'), 100))).toMatchObject({
        hint: `chmod 600 ${at('a')}`,
      });
      expect(await files.read(at('a'), 100)).toHaveLength(6);
    },
  );

  it.each([0o600, 0o400])('gives a file of mode %o', async (mode) => {
    fs.writeFileSync(at('a'), 'canary', { mode });
    expect(Buffer.from(await files.readPrivate(at('a'), 100)).toString()).toBe('canary');
  });
});

describe('reading', () => {
  it('gives the whole file up to the limit, and refuses a longer one', async () => {
    fs.writeFileSync(at('a'), 'x'.repeat(200_000));
    expect((await files.read(at('a'), 200_000)).length).toBe(200_000);
    expect((await failure(files.read(at('a'), 199_999))).message).toBe(
      `${at('a')} is longer than 199999 bytes`,
    );
  });

  it('stops at the limit of a file without an end', async () => {
    expect((await failure(files.read('/dev/zero', 1_000_000))).message).toContain(
      '/dev/zero is longer',
    );
  });

  it('reads a FIFO', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const reading = files.read(at('fifo'), 100);
    fs.writeFileSync(at('fifo'), 'through');
    expect(Buffer.from(await reading).toString()).toBe('through');
  });

  it.each([
    ['missing', 'no such file or directory'],
    ['', 'illegal operation on a directory'],
  ])('says why %j cannot be read', async (name, reason) => {
    expect((await failure(files.read(at(name), 10))).message).toBe(
      `cannot read ${at(name)}: ${reason}`,
    );
  });
});

describe('writing a regular file', () => {
  it('REQ-20: the file is there, whole, after close and not before', async () => {
    const sink = await files.create(at('a'));
    await sink.write(bytes('one '));
    await sink.write(bytes('two'));
    expect(fs.existsSync(at('a'))).toBe(false);
    await sink.close();
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('one two');
    expect(fs.readdirSync(directory)).toEqual(['a']);
  });

  it('REQ-20: the old file stays until close and after discard', async () => {
    fs.writeFileSync(at('a'), 'old');
    const sink = await files.create(at('a'));
    await sink.write(bytes('new'));
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('old');
    await sink.discard();
    await sink.discard();
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('old');
    expect(fs.readdirSync(directory)).toEqual(['a']);
  });

  it('a name without a directory is one in the working directory', async () => {
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      process.chdir(${JSON.stringify(directory)});
      const sink = await createUserFiles().create('a');
      await sink.write(Buffer.from('x'));
      await sink.close();`);
    expect((await ended(startChild(program))).stderr).toBe('');
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('x');
  });

  it.each([
    ['000', 0o666],
    ['022', 0o644],
    ['077', 0o600],
  ])('a new file gets 0666 less the umask %s', async (umask, mode) => {
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      await (await createUserFiles().create(${JSON.stringify(at('a'))})).close();`);
    expect((await ended(startChild(program, { before: `umask ${umask}` }))).stderr).toBe('');
    expect(modeOf(at('a'))).toBe(mode);
  });

  it.each(['600', '640', '666', '755'])('an existing file keeps its mode %s', async (octal) => {
    const mode = Number.parseInt(octal, 8);
    fs.writeFileSync(at('a'), 'old');
    fs.chmodSync(at('a'), mode);
    await save(at('a'), 'new');
    expect(modeOf(at('a'))).toBe(mode);
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('new');
  });

  rootTest(`an existing file keeps its owner under root${needsRoot}`, async () => {
    fs.writeFileSync(at('a'), 'old');
    fs.chownSync(at('a'), stranger, stranger + 1);
    await save(at('a'), 'new');
    expect(fs.statSync(at('a'))).toMatchObject({ uid: stranger, gid: stranger + 1 });
  });

  it.each([
    ['missing/a', 'no such file or directory'],
    ['file/a', 'not a directory'],
  ])('says why %j cannot be written', async (name, reason) => {
    fs.writeFileSync(at('file'), '');
    expect((await failure(files.create(at(name)))).message).toBe(
      `cannot write ${at(name)}: ${reason}`,
    );
  });

  it.each(['', 'sub/', 'sub'])('refuses the directory %j', async (name) => {
    fs.mkdirSync(at('sub'));
    await failure(files.create(name === '' ? '' : at('sub')));
    await failure(files.create(name === '' ? '' : `${at('sub')}/`));
    expect(fs.readdirSync(directory)).toEqual(['sub']);
  });

  rootTest(`a read-only file is not replaced${needsRoot}`, async () => {
    fs.writeFileSync(at('a'), 'old', { mode: 0o444 });
    fs.chownSync(at('a'), stranger, stranger);
    fs.chownSync(directory, stranger, stranger);
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      const error = await createUserFiles().create(${JSON.stringify(at('a'))}).catch((reason) => reason);
      process.stdout.write(error.message);`);
    const { stdout } = await ended(startChild(program, { uid: stranger }));
    expect(stdout).toBe(`cannot write ${at('a')}: permission denied`);
    expect(fs.readdirSync(directory)).toEqual(['a']);
  });

  it('a write that fails says why, and discard leaves the old file alone', async () => {
    fs.writeFileSync(at('a'), 'old');
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      const sink = await createUserFiles().create(${JSON.stringify(at('a'))});
      const error = await sink.write(Buffer.alloc(1 << 20)).catch((reason) => reason);
      await sink.discard();
      process.stdout.write(error.message);`);
    const { stdout } = await ended(startChild(program, { before: "trap '' XFSZ; ulimit -f 64" }));
    expect(stdout).toBe(`cannot write ${at('a')}: file too large`);
    expect(fs.readFileSync(at('a'), 'utf8')).toBe('old');
    expect(fs.readdirSync(directory)).toEqual(['a']);
  });
});

describe('writing through a symbolic link', () => {
  it.each(['existing', 'missing'])(
    'REQ-20: our own link stays, and its %s target is written',
    async (kind) => {
      fs.mkdirSync(at('sub'));
      if (kind === 'existing') fs.writeFileSync(at('sub/target'), 'old', { mode: 0o600 });
      fs.symlinkSync('sub/target', at('middle'));
      fs.symlinkSync(at('middle'), at('link'));
      await save(at('link'), 'new');
      expect(fs.lstatSync(at('link')).isSymbolicLink()).toBe(true);
      expect(fs.lstatSync(at('middle')).isSymbolicLink()).toBe(true);
      expect(fs.readFileSync(at('sub/target'), 'utf8')).toBe('new');
    },
  );

  it('a loop of links is an error', async () => {
    fs.symlinkSync(at('b'), at('a'));
    fs.symlinkSync(at('a'), at('b'));
    await failure(files.create(at('a')));
  });

  rootTest(`REQ-20: the link of another user is not followed${needsRoot}`, async () => {
    fs.writeFileSync(at('target'), 'kept');
    fs.symlinkSync(at('target'), at('link'));
    fs.lchownSync(at('link'), stranger, stranger);
    expect((await failure(files.create(at('link')))).message).toBe(
      `${at('link')} is a symbolic link of another user`,
    );
    expect(fs.readFileSync(at('target'), 'utf8')).toBe('kept');
  });
});

describe('writing in place', () => {
  it('REQ-20: a FIFO gets everything, also more than it holds at once, and stays one', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const program = await workplace.program(`
      import fs from 'node:fs';
      process.stdout.write(String(fs.readFileSync(${JSON.stringify(at('fifo'))}).length));`);
    const reader = ended(startChild(program));
    const sink = await files.create(at('fifo'));
    await sink.write(bytes('small'));
    await sink.write(new Uint8Array(3_000_000));
    await sink.write(bytes('small'));
    await sink.close();
    expect((await reader).stdout).toBe('3000010');
    expect(fs.lstatSync(at('fifo')).isFIFO()).toBe(true);
  });

  it('REQ-20: a FIFO without a reader can be given up', async () => {
    execFileSync('mkfifo', [at('fifo')]);
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      process.on('SIGTERM', () => process.exit(143));
      const opening = createUserFiles().create(${JSON.stringify(at('fifo'))});
      process.stdout.write('opening');
      await opening;`);
    const child = startChild(program);
    const end = ended(child);
    await untilText(child.stdout, 'opening');
    child.kill('SIGTERM');
    expect((await end).status).toBe(143);
  });

  rootTest(`REQ-20: a device is written and not replaced, also by root${needsRoot}`, async () => {
    execFileSync('mknod', [at('null'), 'c', '1', '3']);
    fs.symlinkSync(at('null'), at('link'));
    await save(at('null'), 'x', 'y');
    await save(at('link'), 'x');
    const sink = await files.create(at('null'));
    await sink.discard();
    expect(fs.lstatSync(at('null'))).toMatchObject({ rdev: 0x103 });
    expect(fs.lstatSync(at('null')).isCharacterDevice()).toBe(true);
    expect(fs.readdirSync(directory).sort()).toEqual(['link', 'null']);
  });

  it.each(['/dev/stdout', '/dev/fd/1', '/proc/self/fd/1', 'link'])(
    'REQ-20: %s is our stdout: a file it goes to is neither truncated nor replaced',
    async (name) => {
      if (name === 'link') fs.symlinkSync('/dev/stdout', at('link'));
      const file = name === 'link' ? at('link') : name;
      fs.writeFileSync(at('log'), 'before ');
      const inode = fs.statSync(at('log')).ino;
      const program = await workplace.program(`
        import fs from 'node:fs';
        import { createUserFiles } from './src/adapters/files/user-files.js';
        const sink = await createUserFiles().create(${JSON.stringify(file)});
        await sink.write(Buffer.from('body '));
        await sink.close();
        fs.writeSync(1, 'after');`);
      expect((await ended(startChild(program, { redirect: `>>${at('log')}` }))).stderr).toBe('');
      expect(fs.readFileSync(at('log'), 'utf8')).toBe('before body after');
      expect(fs.statSync(at('log')).ino).toBe(inode);
      expect(fs.existsSync('/dev/stdout')).toBe(true);
    },
  );

  it('REQ-20: /dev/stderr and further descriptors work, closed ones are an error', async () => {
    const program = await workplace.program(`
      import { createUserFiles } from './src/adapters/files/user-files.js';
      for (const file of ['/dev/stderr', '/dev/fd/3', '/dev/fd/99']) {
        try {
          const sink = await createUserFiles().create(file);
          await sink.write(Buffer.alloc(1_000_000, 'x'));
          await sink.close();
        } catch (error) {
          console.log(error.message);
        }
      }`);
    const redirect = `3>${at('three')}`;
    const { stdout, stderr } = await ended(startChild(program, { redirect }));
    expect(stderr).toBe('x'.repeat(1_000_000));
    expect(fs.statSync(at('three')).size).toBe(1_000_000);
    expect(stdout).toBe('cannot write /dev/fd/99: bad file descriptor\n');
  });

  it('a full device is an error that says so', async () => {
    const sink = await files.create('/dev/full');
    expect((await failure(sink.write(bytes('x')))).message).toBe(
      'cannot write /dev/full: no space left on device',
    );
    await sink.close();
  });
});
