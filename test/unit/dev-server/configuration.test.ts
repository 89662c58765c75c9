// The configuration file: its published schema, its defaults, and what is said about a mistake.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import {
  checkConfiguration,
  printableConfiguration,
  readConfigurationFile,
} from '../../../src/dev-server/configuration-file.ts';
import {
  effectiveConfiguration,
  type ConfigurationInput,
} from '../../../src/dev-server/configuration.ts';
import { startDevServer } from '../../../src/dev-server/start.ts';

const schemaFile = new URL('../../../schemas/serve.schema.json', import.meta.url);
const schema = JSON.parse(readFileSync(schemaFile, 'utf8')) as object;
const directory = mkdtempSync(path.join(tmpdir(), 'oauth-cli-configuration-'));
afterAll(() => rmSync(directory, { recursive: true }));

type Validator = { compile(schema: object): (value: unknown) => boolean };
const Ajv = createRequire(import.meta.url)('ajv') as new () => Validator;
const isValid = new Ajv().compile(schema);

const complete: ConfigurationInput = {
  port: 8080,
  tls: { cert_file: 'cert.pem', key_file: 'key.pem' },
  auto_approve: 'alice',
  issuers: [{ path: '' }, { path: '/tenant', registration: false }],
  clients: [
    { client_id: 'demo', client_secret: 'demo-secret', redirect_uris: ['http://127.0.0.1/cb'] },
  ],
  users: [{ username: 'alice', password: 'secret', claims: { groups: ['admin'] } }],
  resources: [
    { resource: '/protected', scopes: ['read'], token_format: 'jwt', alg: 'ES256', lifetime: 60 },
  ],
  lifetimes: { access_token: 60, refresh_token: 600, id_token: 60, authorization_code: 10 },
  refresh_token_rotation: { enabled: true, grace_period: 10 },
  dpop_nonce: 'required',
  device_interval: 1,
  registration: true,
  authorization_details_types: ['payment_initiation'],
  signing_secret_file: 'secret',
};

describe('the published schema', () => {
  it('accepts a file with every setting, here and in an independent validator', () => {
    expect(isValid(complete)).toBe(true);
    expect(checkConfiguration(complete, 'file')).toEqual(complete);
  });

  it('accepts the effective configuration', () => {
    expect(isValid(effectiveConfiguration(complete))).toBe(true);
  });
});

describe('a mistake', () => {
  it.each<[unknown, string]>([
    [[], 'f: expected an object'],
    [{ prot: 1 }, 'f: prot: not known; expected one of port, tls, auto_approve'],
    [{ port: 65_536 }, 'f: port: expected a whole number of at least 0 and at most 65535'],
    [{ port: '1' }, 'f: port: expected a whole number'],
    [{ clients: {} }, 'f: clients: expected an array'],
    [{ clients: [{ client_id: 'a' }, {}] }, 'f: clients[1].client_id: expected, but missing'],
    [
      { clients: [{ client_id: 'a', redirect_uris: 'x' }] },
      'f: clients[0].redirect_uris: expected an array',
    ],
    [
      { clients: [{ client_id: 'a', redirect_uris: [1] }] },
      'f: clients[0].redirect_uris[0]: expected a string',
    ],
    [{ clients: [{ client_id: 'a' }, { client_id: 'a' }] }, 'f: clients[1]: is there twice'],
    [{ users: [{ username: '' }] }, 'f: users[0].username: expected a string that is not empty'],
    [
      { resources: [{ resource: 'x' }] },
      'f: resources[0].resource: expected a string that matches',
    ],
    [
      { resources: [{ resource: '/a', alg: 'none' }] },
      'f: resources[0].alg: expected one of HS256,',
    ],
    [
      { lifetimes: { access_token: 0 } },
      'f: lifetimes.access_token: expected a whole number of at least 1',
    ],
    [{ issuers: [] }, 'f: issuers: expected an array that is not empty'],
    [{ issuers: [{ path: '/a', port: 1 }] }, 'f: issuers[0].port: not known'],
    [{ issuers: [{ path: 'a' }] }, 'f: issuers[0].path: expected a string that matches'],
    [{ registration: 'no' }, 'f: registration: expected true or false'],
    [{ tls: 'yes' }, 'f: tls: expected true or false, or an object'],
    [{ tls: { cert_file: 'a' } }, 'f: tls.key_file: expected, but missing'],
    [{ dpop_nonce: true }, 'f: dpop_nonce: expected one of optional, required'],
  ])('in %j is told with its path and what was expected', (document, message) => {
    expect(() => checkConfiguration(document, 'f')).toThrow(message);
    const isShape = !message.endsWith('twice');
    if (isShape) expect(isValid(document)).toBe(false);
  });

  it('in the JSON is told with its place and without its text', () => {
    const file = path.join(directory, 'broken.json');
    writeFileSync(file, '{\n  "clients": [{"client_secret": hunter2}]\n}');
    const failure = fails(() => readConfigurationFile(file));
    expect(failure).toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('is not JSON (line '),
    });
    expect(failure.message).not.toContain('hunter2');
  });

  it('in the metadata of a client is told with its name', async () => {
    const clients = [{ client_id: 'odd', client_secret: 's', redirect_uris: ['no uri'] }];
    await expect(startDevServer({ configuration: { clients } })).rejects.toMatchObject({
      code: 'configuration',
      message: expect.stringContaining('client odd: redirect_uris'),
    });
  });

  it.each(['missing', '.'])(
    'in the name of the secret file (%s) is told with its reason',
    async (name) => {
      const signing_secret_file = path.join(directory, name);
      await expect(
        startDevServer({ configuration: { signing_secret_file } }),
      ).rejects.toMatchObject({
        code: 'configuration',
        message: expect.stringMatching(/cannot read signing_secret_file .* \((ENOENT|EISDIR)\)/),
      });
    },
  );

  it('is a secret of less than 32 bytes', async () => {
    const signing_secret_file = path.join(directory, 'short');
    writeFileSync(signing_secret_file, 'x'.repeat(31));
    await expect(startDevServer({ configuration: { signing_secret_file } })).rejects.toMatchObject({
      message: expect.stringContaining('has less than 32 bytes'),
    });
  });
});

describe('the effective configuration', () => {
  it('has a client without redirect URIs get tokens for itself only', () => {
    const clients = [{ client_id: 'a', client_secret: 's' }];
    expect(effectiveConfiguration({ clients }).issuers[0]!.clients[0]).toMatchObject({
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['client_credentials'],
      response_types: [],
    });
  });

  it('has a client without a secret be public, and people log in through it', () => {
    const clients = [{ client_id: 'a', redirect_uris: ['http://127.0.0.1/cb'] }];
    expect(effectiveConfiguration({ clients }).issuers[0]!.clients[0]).toMatchObject({
      token_endpoint_auth_method: 'none',
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
    });
  });

  it('gives every issuer the settings at the top, unless it has its own', () => {
    const { issuers } = effectiveConfiguration({
      registration: false,
      issuers: [{ path: '/one' }, { path: '/two', registration: true }],
    });
    expect(issuers.map(({ path: at, registration }) => [at, registration])).toEqual([
      ['/one', false],
      ['/two', true],
    ]);
  });

  it('always has a protected resource, and keeps 30 minutes as its lifetime', () => {
    const [issuer] = effectiveConfiguration({
      resources: [{ resource: 'https://api.example' }],
    }).issuers;
    expect(issuer!.resources.map(({ resource }) => resource)).toEqual([
      '/protected',
      'https://api.example',
    ]);
    expect(issuer!.lifetimes.access_token).toBe(1800);
  });

  it('is printed without secrets', () => {
    const text = JSON.stringify(printableConfiguration(effectiveConfiguration(complete)));
    expect(text).toContain('"client_id":"demo"');
    expect(text).not.toContain('demo-secret');
    expect(text).not.toContain('"password":"secret"');
  });

  it('finds the secret file beside the configuration file', () => {
    const file = path.join(directory, 'serve.json');
    writeFileSync(file, JSON.stringify({ signing_secret_file: 'secret' }));
    expect(readConfigurationFile(file).signing_secret_file).toBe(path.join(directory, 'secret'));
  });
});

function fails(act: () => unknown): Error {
  try {
    act();
  } catch (error) {
    return error as Error;
  }
  throw new Error('it did not fail');
}
