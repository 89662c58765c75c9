import { writeFile } from 'node:fs/promises';
import { delimiter, join } from 'node:path';

import { afterEach, describe, expect, it } from 'vitest';

import { createBrowser } from '../../../src/adapters/browser.ts';
import type { BrowserOptions } from '../../../src/adapters/browser.ts';
import { CliError } from '../../../src/errors.ts';
import { createFakeBrowser } from '../../support/fake-browser.ts';
import type { FakeBrowser } from '../../support/fake-browser.ts';

const url = 'https://as.example/authorize?client_id=a&state=b';
const noScripts = process.platform === 'win32';

const fakes: FakeBrowser[] = [];
afterEach(async () => {
  for (const fake of fakes.splice(0)) await fake.close();
});

async function fakeBrowser(options?: Parameters<typeof createFakeBrowser>[0]) {
  const fake = await createFakeBrowser(options);
  fakes.push(fake);
  return fake;
}

function browserWith(variables: BrowserOptions['variables']) {
  return createBrowser({
    platform: 'linux',
    variables,
    isTTY: true,
    openUrl: () => Promise.reject(new Error('must not be called')),
  });
}

/** Opens `input` with an opener that takes note; gives what reached it. */
async function openedUrls(input: string): Promise<string[]> {
  const urls: string[] = [];
  const openUrl = async (given: string) => urls.push(given);
  const browser = createBrowser({ platform: 'linux', variables: {}, isTTY: true, openUrl });
  expect(await browser.open(input)).toBe(true);
  return urls;
}

describe('the URL', () => {
  it.each([
    ['https://as.example', 'https://as.example/'],
    ['HTTPS://AS.Example:443/a/../b?x=1&y=2#z', 'https://as.example/b?x=1&y=2#z'],
    ['  https://as.example/\n--x', 'https://as.example/--x'],
    ['https:\\\\as.example\\a', 'https://as.example/a'],
    ['https:as.example', 'https://as.example/'],
    ['https://as.example/ü', 'https://as.example/%C3%BC'],
    ['http://127.0.0.1:8080/a', 'http://127.0.0.1:8080/a'],
    ['http://127.1.2.3/', 'http://127.1.2.3/'],
    ['http://2130706433/', 'http://127.0.0.1/'],
    ['http://[::1]:8080/', 'http://[::1]:8080/'],
    ['http://localhost:8080/', 'http://localhost:8080/'],
    ['http://as.localhost/', 'http://as.localhost/'],
  ])('BROW-01: %j is handed over as %s', async (input, expected) => {
    expect(await openedUrls(input)).toEqual([expected]);
  });

  it.each([
    'javascript:alert(1)',
    'file:///etc/passwd',
    'data:text/html,x',
    'vscode://x/y',
    'ftp://as.example/',
    'ms-msdt:/id',
    'search-ms:query=x',
    '\\\\host\\share',
    '//as.example/',
    '-a',
    '--help',
    '/etc/passwd',
    'calc.exe',
    '',
    'about:blank',
    'blob:https://as.example/x',
    'view-source:https://as.example/',
    'http://as.example/',
    'http://127.0.0.1.evil.com/',
    'http://localhost.evil.com/',
    'http://evillocalhost/',
    'http://0.0.0.0/',
    'http://[::]/',
    'http://[::2]/',
    'http://128.0.0.1/',
    'https://',
    'https://u:p@as.example/',
    'https://u@as.example/',
    'https://:p@as.example/',
    'http://u:p@127.0.0.1/',
  ])('BROW-01: %j is refused before anything starts, without being repeated', async (input) => {
    let calls = 0;
    const browser = createBrowser({
      platform: 'linux',
      variables: {},
      isTTY: true,
      openUrl: async () => (calls += 1),
    });
    const error: unknown = await browser.open(input).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(CliError);
    expect((error as CliError).code).toBe('protocol_violation');
    if (input !== '') expect((error as CliError).message).not.toContain(input);
    expect(calls).toBe(0);
  });

  it.each('$ ( ) { } ; | < > \' " ` \\ ^ !'.split(' ').concat(' '))(
    'BROW-02: %j is percent-encoded in path, query and fragment',
    async (character) => {
      // A backslash in the path is a slash to the URL standard.
      const path = character === '\\' ? '' : `a${character}b`;
      const [opened = ''] = await openedUrls(
        `https://as.example/${path}?q=a${character}b#f${character}g`,
      );
      expect(opened).not.toContain(character);
      const parsed = new URL(opened);
      expect(decodeURIComponent(parsed.pathname)).toBe(`/${path}`);
      expect(parsed.searchParams.get('q')).toBe(`a${character}b`);
      expect(decodeURIComponent(parsed.hash)).toBe(`#f${character}g`);
    },
  );

  it('BROW-02: what the URL standard lets into a host name is encoded there too', async () => {
    const [opened = ''] = await openedUrls("https://a$(id);'`.example/");
    expect(opened).toBe('https://a%24%28id%29%3B%27%60.example/');
    expect(new URL(opened).hostname).toBe(new URL("https://a$(id);'`.example/").hostname);
  });

  it('BROW-02, BROW-12: the separator of parameters stays, and percent-encoding is not repeated', async () => {
    const input = 'https://as.example/?a=1&b=%24%28id%29&c=100%25';
    expect(await openedUrls(input)).toEqual([input]);
  });
});

describe.skipIf(noScripts)('BROWSER (a script: not on Windows)', () => {
  it('BROW-03, BROW-04: is started with exactly one argument, whatever is in its path or the URL', async () => {
    const fake = await fakeBrowser();
    const nasty = "https://as.example/?a=$(id)&b='; touch x #&c=%s";
    expect(await browserWith({ BROWSER: fake.program }).open(nasty)).toBe(true);
    const { args } = await fake.nextLaunch();
    expect(args).toEqual(['https://as.example/?a=%24%28id%29&b=%27%3B%20touch%20x%20#&c=%s']);
    expect(fake.launches).toHaveLength(1);
  });

  it('BROW-04: is looked up in PATH', async () => {
    const fake = await fakeBrowser({ name: 'my-browser' });
    expect(await browserWith({ BROWSER: 'my-browser', PATH: fake.directory }).open(url)).toBe(true);
    expect((await fake.nextLaunch()).args).toEqual([url]);
  });

  it.each([
    ['arguments', (program: string) => `${program} --new-window`],
    ['a placeholder', (program: string) => `${program} %s`],
    ['a second choice', (program: string) => `${program}:${program}`],
    ['a command behind it', (program: string) => `${program}; ${program}`],
    ['a substitution', (program: string) => `$(echo ${program})`],
    ['quotes', (program: string) => `"${program}"`],
  ])('BROW-04: a value with %s is no command line', async (_, value) => {
    const fake = await fakeBrowser();
    expect(await browserWith({ BROWSER: value(fake.program) }).open(url)).toBe(false);
    expect(fake.launches).toEqual([]);
  });

  it('BROW-06: gets no OAUTH_CLI_ variable, but the others, and none of our streams', async () => {
    const fake = await fakeBrowser();
    const browser = browserWith({
      BROWSER: fake.program,
      DISPLAY: ':7',
      XDG_ACTIVATION_TOKEN: 'focus',
      OAUTH_CLI_CLIENT_SECRET: 'hidden-1',
      OAUTH_CLI_TOKEN: 'hidden-2',
      oauth_cli_passphrase: 'hidden-3',
      OAUTH_CLI_HOME: '/somewhere',
    });
    expect(await browser.open(url)).toBe(true);
    const { env, streams } = await fake.nextLaunch();
    expect(env).toMatchObject({ DISPLAY: ':7', XDG_ACTIVATION_TOKEN: 'focus' });
    expect(Object.keys(env).filter((name) => /^oauth_cli_/i.test(name))).toEqual([]);
    expect(JSON.stringify(env)).not.toContain('hidden');
    expect(streams).toEqual(['/dev/null', '/dev/null', '/dev/null']);
  });

  it('BROW-07: one that exits 3 counts as started', async () => {
    const fake = await fakeBrowser({ exitCode: 3 });
    expect(await browserWith({ BROWSER: fake.program }).open(url)).toBe(true);
    await fake.nextLaunch();
  });

  it('BROW-07: one that cannot be started is no error', async () => {
    const fake = await fakeBrowser();
    const notExecutable = join(fake.directory, 'text');
    await writeFile(notExecutable, 'text');
    const values = [
      'no-such-program',
      '/no/such/program',
      fake.directory,
      notExecutable,
      `${fake.program}/x`,
      'a'.repeat(10_000),
      'nul\0byte',
      ' ',
    ];
    for (const BROWSER of values) {
      expect(await browserWith({ BROWSER }).open(url), BROWSER.slice(0, 80)).toBe(false);
    }
    expect(fake.launches).toEqual([]);
  });

  it('BROW-01: gets no URL that is refused', async () => {
    const fake = await fakeBrowser();
    const browser = browserWith({ BROWSER: fake.program });
    await expect(browser.open('file:///etc/passwd')).rejects.toThrow(CliError);
    expect(fake.launches).toEqual([]);
  });
});

describe('the system', () => {
  it.skipIf(process.platform !== 'linux')(
    'BROW-03, BROW-06: opens through xdg-open, one argument, none of our streams (Linux only)',
    async () => {
      // Without a desktop, xdg-open tries www-browser first. The `open` package reads process.env itself.
      const fake = await fakeBrowser({ name: 'www-browser' });
      const { PATH, DISPLAY, WAYLAND_DISPLAY, BROWSER, XDG_CURRENT_DESKTOP } = process.env;
      const before = { PATH, DISPLAY, WAYLAND_DISPLAY, BROWSER, XDG_CURRENT_DESKTOP };
      for (const name of Object.keys(before)) Reflect.deleteProperty(process.env, name);
      process.env['PATH'] = [fake.directory, PATH].join(delimiter);
      try {
        const browser = createBrowser({ platform: 'linux', variables: {}, isTTY: true });
        expect(await browser.open("https://as.example/?a=$(id)&b='x'")).toBe(true);
        const { args, streams } = await fake.nextLaunch();
        expect(args).toEqual(['https://as.example/?a=%24%28id%29&b=%27x%27']);
        expect(streams).toEqual(['/dev/null', '/dev/null', '/dev/null']);
      } finally {
        for (const [name, value] of Object.entries(before)) {
          if (value === undefined) Reflect.deleteProperty(process.env, name);
          else process.env[name] = value;
        }
      }
    },
  );

  it('BROW-07: an opener that cannot be started is no error', async () => {
    const openUrl = () => Promise.reject(Object.assign(new Error('no'), { code: 'ENOENT' }));
    const browser = createBrowser({ platform: 'linux', variables: {}, isTTY: true, openUrl });
    expect(await browser.open(url)).toBe(false);
  });
});

describe('whether there is one', () => {
  it.each<[boolean, string, BrowserOptions]>([
    [true, 'a Mac', { platform: 'darwin', variables: {}, isTTY: true }],
    [true, 'Windows', { platform: 'win32', variables: {}, isTTY: true }],
    [true, 'X11', { platform: 'linux', variables: { DISPLAY: ':0' }, isTTY: true }],
    [true, 'Wayland', { platform: 'linux', variables: { WAYLAND_DISPLAY: 'w-0' }, isTTY: true }],
    [true, 'BSD with X11', { platform: 'freebsd', variables: { DISPLAY: ':0' }, isTTY: true }],
    [true, 'WSL', { platform: 'linux', variables: { WSL_DISTRO_NAME: 'Debian' }, isTTY: true }],
    [true, 'CI=false', { platform: 'darwin', variables: { CI: 'false' }, isTTY: true }],
    [true, 'CI=0', { platform: 'darwin', variables: { CI: '0' }, isTTY: true }],
    [true, 'CI empty', { platform: 'darwin', variables: { CI: '' }, isTTY: true }],
    [false, 'no display', { platform: 'linux', variables: {}, isTTY: true }],
    [false, 'an empty DISPLAY', { platform: 'linux', variables: { DISPLAY: '' }, isTTY: true }],
    [false, 'no TTY', { platform: 'linux', variables: { DISPLAY: ':0' }, isTTY: false }],
    [false, 'no TTY on a Mac', { platform: 'darwin', variables: {}, isTTY: false }],
    [false, 'CI', { platform: 'win32', variables: { CI: 'true' }, isTTY: true }],
    [false, 'CI=1', { platform: 'darwin', variables: { CI: '1' }, isTTY: true }],
    [
      false,
      'SSH with X11 forwarding',
      { platform: 'linux', variables: { DISPLAY: ':10', SSH_CONNECTION: 'a' }, isTTY: true },
    ],
    [false, 'SSH', { platform: 'darwin', variables: { SSH_TTY: '/dev/pts/0' }, isTTY: true }],
    [
      true,
      'BROWSER, without all of it',
      {
        platform: 'linux',
        variables: { BROWSER: 'w3m', CI: 'true', SSH_TTY: '/dev/pts/0' },
        isTTY: false,
      },
    ],
    [false, 'an empty BROWSER', { platform: 'linux', variables: { BROWSER: '' }, isTTY: false }],
  ])('BROW-08: %s with %s', (expected, _, options) => {
    expect(createBrowser(options).available()).toBe(expected);
  });
});
