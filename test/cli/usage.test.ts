// Usage errors: exit 2, nothing sent, nothing changed, and no value that was typed is repeated.

import { describe, expect, it } from 'vitest';
import type { TestOptions } from '../support/environment.ts';
import { testEnvironment } from '../support/environment.ts';
import { runCli, runCliIn } from '../support/run-cli.ts';

/** Runs it with a canary in what was typed, and expects a usage error that does not repeat it. */
async function refusal(argv: readonly string[], options: TestOptions = {}): Promise<string> {
  const result = await runCli(argv, { browser: async () => expect.unreachable(), ...options });
  expect(result, result.stderr).toMatchObject({ exitCode: 2, stdout: '' });
  expect(result.stderr).toMatch(/^oauth-cli: error: [^\n]+\n(oauth-cli: hint: [^\n]+\n)?$/);
  expect(result.stderr).not.toContain('canary');
  expect(result.environment.contacted).toEqual([]);
  expect(result.environment.homeFiles.size).toBe(0);
  return result.stderr;
}

describe('the command line', () => {
  const cases: [argv: string[], message: string][] = [
    [['canary'], 'unknown command'],
    [['logn'], 'did you mean login?'],
    [['status', '--nonsense'], 'unknown option --nonsense'],
    [['status', '--nonsense=canary'], 'unknown option --nonsense'],
    [['status', '--profle', 'x'], 'did you mean --profile?'],
    [['status', '-xcanary'], 'unknown option -x\n'],
    [['status', 'one', 'canary'], 'too many arguments'],
    [['token', '--profile'], 'option --profile needs a value'],
    [['login', 'https://as.example', '--port'], 'option --port needs a value'],
    [['login', 'https://as.example', '--port', 'canary'], '--port takes a whole number'],
    [['login', 'https://as.example', '--port', '65536'], '--port takes a whole number up to 65535'],
    [['login', 'https://as.example', '--port', '-1'], '--port takes a whole number'],
    [['login', 'https://as.example', '--port', '1e3'], '--port takes a whole number'],
    [['login', 'https://as.example', '--port', ''], '--port takes a whole number'],
    [['login', 'https://as.example', '--login-timeout', 'canary'], '--login-timeout takes'],
    [['login', 'https://as.example', '--login-timeout', '86401'], '--login-timeout takes'],
    [['login', 'https://as.example', '--store', 'canary'], 'unknown store'],
    [['login', 'https://as.example', '--store', 'memory'], 'would be gone when the command ends'],
    [['login', 'https://as.example', '--profile', 'a b/canary'], 'a profile name has up to 100'],
    [['login', 'https://as.example', '--resource', 'canary'], 'a resource must be an absolute URI'],
    [['login', 'https://as.example', '--resource', 'https://a.example/#canary'], 'a resource must'],
    [['status', '--color', 'canary'], 'option --color has a value that it does not take'],
    [['status', '--color', 'canary'], 'hint: allowed choices are auto, always, never'],
    [['request'], 'no URL given'],
    [['request', '--nonsense', 'https://api.example'], 'unknown option --nonsense'],
    [['request', '-H'], 'option -H needs a value'],
  ];

  it.each(cases)('%j is refused: %s', async (argv, message) => {
    expect(await refusal(argv)).toContain(message);
  });

  it.each(['login', 'logout', 'status', 'token', 'decode', 'serve', 'demo'])(
    'SEC-02: a secret as an option of %s is refused and not repeated',
    async (command) => {
      for (const option of ['--client-secret', '--password', '--access-token']) {
        const glued = await refusal([command, `${option}=canary`]);
        expect(glued).toContain(`unknown option ${option}\n`);
        expect(glued).toContain('secrets are not taken from the command line');
        expect(await refusal([command, option, 'canary'])).toContain(`unknown option ${option}\n`);
      }
    },
  );

  it.each([
    'http',
    'net',
    'tls',
    'https',
    'http2',
    'HTTP',
    'fs,http',
    'fs, net ',
    '*',
    'h*',
    'ht*p',
  ])('SEC-05: NODE_DEBUG=%s is refused before any request', async (sections) => {
    const message = await refusal(['login', 'https://as.example'], {
      variables: { NODE_DEBUG: sections },
    });
    expect(message).toContain('NODE_DEBUG');
    await refusal(['request', 'https://api.example'], { variables: { NODE_DEBUG: sections } });
  });

  it.each(['', 'fs', 'timer,module', 'https-proxy'])(
    'SEC-05: NODE_DEBUG=%j prints no headers and is let through',
    async (sections) => {
      const result = await runCli(['status'], { variables: { NODE_DEBUG: sections } });
      expect(result.exitCode).toBe(0);
    },
  );
});

describe('secrets at login', () => {
  const target = ['login', 'https://as.example', '--client-id', 'mine'];
  const cases: [title: string, argv: string[], options: TestOptions, message: string][] = [
    [
      'given twice',
      ['--client-secret-stdin', '--client-secret-file', 'f'],
      { stdin: 'canary', files: { f: 'canary' } },
      'given twice',
    ],
    ['an empty one', ['--client-secret-stdin'], { stdin: '\n' }, 'is empty'],
    ['two lines', ['--client-secret-stdin'], { stdin: 'canary\ncanary\n' }, 'more than one line'],
    [
      'a NUL in it',
      ['--client-secret-file', 'f'],
      { files: { f: 'canary\0' } },
      'more than one line',
    ],
    ['a missing file', ['--client-secret-file', 'f'], {}, 'f cannot be read'],
  ];

  it.each(cases)('SEC-02: %s is refused', async (_title, argv, options, message) => {
    expect(await refusal([...target, ...argv], options)).toContain(message);
  });
});

describe('a broken config.json', () => {
  const profile = {
    issuer: 'https://as.example',
    client_id: 'mine',
    client_authentication: 'none',
    registered: false,
    redirect_uri: 'http://127.0.0.1/cb/0',
    resources: [],
    allowed_origins: [],
    store: 'keychain',
    store_key: '0'.repeat(24),
    issuer_in_response: true,
  };
  const document = (change: object, version: unknown = 1) =>
    JSON.stringify({ version, profiles: { work: { ...profile, ...change } } });
  const cases: [title: string, text: string, message: string][] = [
    ['truncated', '{\n  "version": 1,\n  "prof', 'line 3, column 8: malformed JSON'],
    ['empty', '', 'line 1, column 1: malformed JSON'],
    ['no object', '[]', 'not a JSON object'],
    ['a member twice', '{"version":1,"version":1}', 'duplicate member name'],
    ['a BOM', '\ufeff{}', 'malformed JSON'],
    ['another version', document({}, 2), 'has version 2, this oauth-cli reads 1'],
    ['a version that is text', document({}, '1'), 'has version "1", this'],
    ['no version', '{}', 'has version undefined'],
    ['no profiles', '{"version":1}', '/profiles: expected an object'],
    ['profiles as an array', '{"version":1,"profiles":[]}', '/profiles: expected an object'],
    [
      'a current one that is no text',
      '{"version":1,"current":1,"profiles":{}}',
      '/current: expected',
    ],
    [
      'a profile that is no object',
      '{"version":1,"profiles":{"work":1}}',
      '/profiles/work: expected',
    ],
    [
      'TTY-03: a profile name with controls',
      '{"version":1,"profiles":{"a\\u001b[2J":{}}}',
      '/profiles: "a\\u001b[2J" is not a profile name',
    ],
    ['an issuer that is no text', document({ issuer: 1 }), '/profiles/work/issuer: expected a URL'],
    [
      'a redirect URI that is none',
      document({ redirect_uri: 'x' }),
      '/redirect_uri: expected a URL',
    ],
    [
      'no client',
      document({ client_id: undefined }),
      '/profiles/work/client_id: expected a string',
    ],
    [
      'a scope that is an array',
      document({ scope: [] }),
      '/profiles/work/scope: expected a string',
    ],
    ['resources that are text', document({ resources: 'x' }), '/resources: expected an array of'],
    [
      'an origin that is no text',
      document({ allowed_origins: [1] }),
      '/allowed_origins: expected an',
    ],
    ['registered as text', document({ registered: 'yes' }), '/registered: expected true or false'],
    ['another store', document({ store: 'vault' }), '/store: expected one of keychain, file'],
    [
      'a path as store key',
      document({ store_key: '../../x' }),
      '/store_key: expected 24 hexadecimal',
    ],
  ];

  const commands = [['status'], ['token'], ['logout'], ['login', 'https://as.example'], ['decode']];

  it.each(cases)(
    'STORE-09, CONF-05: %s is told where, and the file is untouched',
    async (_t, text, message) => {
      for (const argv of [...commands, ['request', 'https://api.example/']]) {
        const environment = testEnvironment({ browser: async () => expect.unreachable() });
        const bytes = new TextEncoder().encode(text);
        environment.homeFiles.set('config.json', bytes);
        const result = await runCliIn(environment, argv);
        expect(result, `${argv.join(' ')}: ${result.stderr}`).toMatchObject({
          exitCode: 2,
          stdout: '',
        });
        expect(result.stderr).toContain('error: /home/test/.config/oauth-cli/config.json: ');
        expect(result.stderr).toContain(message);
        expect(result.stderr).toContain('hint: correct the file, or move it away');
        expect([...environment.homeFiles]).toEqual([['config.json', bytes]]);
        expect(environment.contacted).toEqual([]);
      }
    },
  );

  it('is not one that is right', async () => {
    const environment = testEnvironment();
    environment.homeFiles.set('config.json', new TextEncoder().encode(document({})));
    const result = await runCliIn(environment, ['status', '--json']);
    expect(result.exitCode, result.stderr).toBe(0);
    expect(JSON.parse(result.stdout)).toMatchObject({ profile: 'work', state: 'logged_out' });
  });
});
