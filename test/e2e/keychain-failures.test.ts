// A keychain that is missing, locked, mute or broken: each call ends by itself, within its limit, saying why.

import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createOsKeychain } from '../../src/adapters/keychain/os-keychain.ts';
import { CancelledError } from '../../src/errors.ts';
import { callKeychain, missingKeychainTools } from '../support/keychain-call.ts';
import { startBus, startSecretService, startStandIn } from '../support/secret-service.ts';

type Started = { readonly env: Record<string, string>; close(): Promise<void> };

const missing = missingKeychainTools();
const item = { service: 'svc', username: 'anna', secret: 'stored' };
const get = { call: 'getPassword', arguments: ['svc', 'anna'] };
const set = { call: 'setPassword', arguments: ['svc', 'anna', 'the new value'] };
const remove = { call: 'deletePassword', arguments: ['svc', 'anna'] };
const find = { call: 'findCredentials', arguments: ['svc'] };
const probe = { call: 'probe' };
const unlock = { call: 'unlock', arguments: [500] };
const everyCall = [get, set, remove, find, probe, { call: 'unlock', arguments: [60_000] }];

describe.skipIf(missing !== '')(`a keychain in trouble${missing}`, () => {
  const open: Started[] = [];
  const use = <T extends Started>(started: T): T => {
    open.push(started);
    return started;
  };
  afterEach(async () => {
    for (const started of open.splice(0).reverse()) await started.close();
  });

  const expectFailure = async (
    env: Record<string, string>,
    call: Parameters<typeof callKeychain>[1],
    reason: string,
    message: RegExp,
  ) => {
    const outcome = await callKeychain(env, call);
    expect(outcome).toMatchObject({
      exitCode: 8,
      signal: null,
      error: { name: 'StoreError', reason, message: expect.stringMatching(message) },
    });
    expect(outcome.error?.hint).toMatch(/(^|, or )use --store file or --store plaintext$/);
    expect(JSON.stringify(outcome)).not.toContain('the new value');
  };

  const states: [state: string, start: () => Promise<Started>, reason: string, message: RegExp][] =
    [
      ['without a D-Bus address', noBusVariable, 'missing', /no D-Bus session bus/],
      ['with an address that is no Unix socket', tcpAddress, 'missing', /no D-Bus session bus/],
      ['when the bus is dead', deadBus, 'missing', /session bus is not running/],
      ['when the socket never answers', muteSocket, 'timed_out', /did not answer within 3 s/],
      ['when the socket speaks no D-Bus', chattySocket, 'failed', /the keychain failed/],
      ['when the bus refuses the user', refusingSocket, 'denied', /session bus is denied/],
      ['when the bus is stopped', stoppedBus, 'timed_out', /did not answer within 3 s/],
      ['when the bus has no Secret Service', startBus, 'missing', /no Secret Service/],
      ['when the service is stopped', stoppedService, 'timed_out', /did not answer within 3 s/],
    ];
  it.each(states)(
    'STORE-13: every call ends by itself %s',
    async (_state, start, reason, message) => {
      const { env } = use(await start());
      await Promise.all(everyCall.map((call) => expectFailure(env, call, reason, message)));
    },
    60_000,
  );

  it('STORE-13: in a fresh home nothing is found and nothing can be written', async () => {
    const { env } = use(await startSecretService({ noCollection: true }));
    expect(await callKeychain(env, get)).toMatchObject({ exitCode: 0, result: null });
    expect(await callKeychain(env, find)).toMatchObject({ exitCode: 0, result: [] });
    await expectFailure(env, set, 'missing', /no default keyring/);
    await expectFailure(env, probe, 'missing', /no default keyring/);
    await expectFailure(env, unlock, 'missing', /no default keyring/);
  });

  it('STORE-13: a locked gnome-keyring with nothing to prompt with is reported as locked', async () => {
    const { env } = use(await startSecretService({ locked: true }));
    const calls = [get, set, remove, find, probe, { call: 'unlock', arguments: [60_000] }];
    await Promise.all(calls.map((call) => expectFailure(env, call, 'locked', /is locked/)));
  });

  describe('a locked collection', () => {
    it.each([get, set, remove, find, probe])('STORE-13: $call never prompts', async (call) => {
      const { env } = use(await startStandIn({ item, locked: true, prompt: 'accepted' }));
      await expectFailure(env, call, 'locked', /is locked/);
      await expectFailure(env, probe, 'locked', /is locked/);
    });

    it('STORE-13: unlock ends at its limit when nobody answers the prompt', async () => {
      const { env } = use(await startStandIn({ locked: true, prompt: 'ignored' }));
      await expectFailure(env, unlock, 'timed_out', /did not answer within 0.5 s/);
    });

    it('unlock ends with the reason of its signal while nobody answers the prompt', async () => {
      const { env, service } = use(await startStandIn({ locked: true, prompt: 'ignored' }));
      const keychain = createOsKeychain({ platform: 'linux', variables: env });
      const cancellation = new AbortController();
      const unlocked = keychain.unlock(60_000, cancellation.signal);
      await Promise.race([once(service.stdout!, 'data'), unlocked]);
      cancellation.abort(new CancelledError('SIGINT'));
      await expect(unlocked).rejects.toBe(cancellation.signal.reason);
    });

    it('unlock reports a dismissed prompt as locked', async () => {
      const { env } = use(await startStandIn({ locked: true, prompt: 'dismissed' }));
      await expectFailure(env, unlock, 'locked', /is locked/);
    });

    it('unlock opens it when the person agrees', async () => {
      const { env } = use(await startStandIn({ item, locked: true, prompt: 'accepted' }));
      const call = { call: 'unlock', arguments: [60_000] };
      expect(await callKeychain(env, call)).toMatchObject({ exitCode: 0, signal: null });
      expect(await callKeychain(env, get)).toMatchObject({ exitCode: 0, result: 'stored' });
    });
  });

  const broken: [state: string, options: object, call: typeof get, reason: string][] = [
    ['the service ends in SearchItems', { crashOn: 'SearchItems' }, get, 'failed'],
    ['the service ends in GetSecrets', { crashOn: 'GetSecrets', item }, get, 'failed'],
    ['the service ends in CreateItem', { crashOn: 'CreateItem' }, set, 'failed'],
    ['the service ends in SetSecret', { crashOn: 'SetSecret', item }, set, 'failed'],
    ['the service ends in Delete', { crashOn: 'Delete', item }, remove, 'failed'],
    ['the service is silent in OpenSession', { hangOn: 'OpenSession' }, get, 'timed_out'],
    ['the service is silent in GetSecrets', { hangOn: 'GetSecrets', item }, get, 'timed_out'],
    ['the service is silent in CreateItem', { hangOn: 'CreateItem' }, set, 'timed_out'],
    ['the service is silent in Delete', { hangOn: 'Delete', item }, remove, 'timed_out'],
    ['a write is reported but not kept', { lossy: true }, set, 'failed'],
    ['a change is reported but not kept', { lossy: true, item }, set, 'failed'],
    ['items ask for confirmation each', { itemsLocked: true, item }, get, 'locked'],
    ['items ask for confirmation each', { itemsLocked: true, item }, set, 'locked'],
    ['items ask for confirmation each', { itemsLocked: true, item }, remove, 'locked'],
    ['the prompt to create is dismissed', prompting('Create', 'dismissed'), set, 'denied'],
    ['nobody answers the prompt to create', prompting('Create', 'ignored'), set, 'timed_out'],
    ['the prompt to delete is dismissed', prompting('Delete', 'dismissed'), remove, 'denied'],
    ['nobody answers the prompt to delete', prompting('Delete', 'ignored'), remove, 'timed_out'],
    ['the service denies access', refusing('DBus.Error.AccessDenied'), set, 'denied'],
    ['a value is over the limits', refusing('DBus.Error.LimitsExceeded'), set, 'too_large'],
    ['it locks between two calls', refusing('Secret.Error.IsLocked'), set, 'locked'],
  ];
  it.each(broken)(
    'STORE-13: when %s, the call ends by itself',
    async (_s, options, call, reason) => {
      const { env } = use(await startStandIn({ ...options }));
      await expectFailure(env, call, reason, /keychain/);
    },
  );

  it('completes a write and a deletion that the service answers with a prompt', async () => {
    const options = { promptToCreate: true, promptToDelete: true, prompt: 'accepted' };
    const { env } = use(await startStandIn(options));
    expect(await callKeychain(env, set)).toMatchObject({ exitCode: 0, signal: null });
    expect(await callKeychain(env, get)).toMatchObject({ result: 'the new value' });
    expect(await callKeychain(env, remove)).toMatchObject({ exitCode: 0, result: true });
    expect(await callKeychain(env, get)).toMatchObject({ result: null });
  });

  it('STORE-13: never returns the item of another account', async () => {
    const { env } = use(await startStandIn({ item, foreign: true }));
    expect(await callKeychain(env, get)).toMatchObject({ exitCode: 0, result: null });
    expect(await callKeychain(env, remove)).toMatchObject({ exitCode: 0, result: false });
  });

  it.each([
    ['ends', 'failed', /bus ended during the call/],
    ['falls silent', 'timed_out', /did not answer within 3 s/],
  ] as const)('STORE-13: a bus that %s in the middle of a call', async (how, reason, message) => {
    const keyring = use(await startSecretService());
    const { env } = use(await startCuttingProxy(keyring.busSocket, keyring.env, how));
    await expectFailure(env, get, reason, message);
  });
});

function prompting(what: 'Create' | 'Delete', prompt: string) {
  return { [`promptTo${what}`]: true, prompt, ...(what === 'Delete' ? { item } : {}) };
}

function refusing(error: string) {
  return { refuse: { CreateItem: `org.freedesktop.${error}` } };
}

async function noBusVariable(): Promise<Started> {
  const { PATH = '' } = process.env;
  return { env: { PATH, HOME: tmpdir() }, close: async () => undefined };
}

async function tcpAddress(): Promise<Started> {
  const { env, close } = await noBusVariable();
  const address = 'tcp:host=127.0.0.1,port=1;autolaunch:';
  return { env: { ...env, DBUS_SESSION_BUS_ADDRESS: address }, close };
}

/** Its socket stays behind. */
async function deadBus(): Promise<Started> {
  const { env, bus, close } = await startBus();
  const exit = new Promise((resolve) => bus.once('exit', resolve));
  bus.kill('SIGKILL');
  await exit;
  return { env, close };
}

async function stoppedBus(): Promise<Started> {
  const session = await startBus();
  session.bus.kill('SIGSTOP');
  return session;
}

async function stoppedService(): Promise<Started> {
  const keyring = await startSecretService();
  keyring.service.kill('SIGSTOP');
  return keyring;
}

async function muteSocket(): Promise<Started> {
  return listen({ PATH: process.env['PATH'] ?? '' }, () => undefined);
}

async function chattySocket(): Promise<Started> {
  return listen({ PATH: process.env['PATH'] ?? '' }, (client) => {
    client.write('x'.repeat(100_000));
  });
}

async function refusingSocket(): Promise<Started> {
  return listen({ PATH: process.env['PATH'] ?? '' }, (client) => {
    client.once('data', () => client.write('REJECTED EXTERNAL\r\n'));
  });
}

/** Passes everything on to a real bus until the client searches. */
async function startCuttingProxy(
  busSocket: string,
  env: Record<string, string>,
  how: 'ends' | 'falls silent',
): Promise<Started> {
  return listen(env, (client) => {
    const bus = connect({ path: busSocket });
    client.on('data', (data: Buffer) => {
      if (!data.includes('SearchItems')) bus.write(data);
      else if (how === 'ends') client.destroy();
    });
    client.on('close', () => bus.destroy());
    bus.pipe(client);
  });
}

async function listen(
  env: Record<string, string>,
  onClient: (client: ReturnType<typeof connect>) => void,
): Promise<Started> {
  const directory = await mkdtemp(join(tmpdir(), 'oauth-cli-bus-'));
  const path = join(directory, 'bus');
  const clients = new Set<ReturnType<typeof connect>>();
  const server = createServer((client) => {
    clients.add(client);
    client.on('error', () => undefined);
    onClient(client);
  });
  await new Promise<void>((resolve) => server.listen(path, resolve));
  const close = async () => {
    const closed = new Promise((resolve) => server.close(resolve));
    for (const client of clients) client.destroy();
    await closed;
    await rm(directory, { recursive: true, force: true });
  };
  return { env: { ...env, DBUS_SESSION_BUS_ADDRESS: `unix:path=${path}` }, close };
}
