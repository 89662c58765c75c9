// What a test may tell a running server: users, clients, faults, the clock, and starting over. Behind the `--control`
// API and behind programmatic use alike.

import { createPrivateKey } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { SignJWT, type JWTPayload } from 'jose';
import ServerChallenge from 'oidc-provider/lib/helpers/challenge.js';
import initializeKeystore from 'oidc-provider/lib/helpers/initialize_keystore.js';
import type { ClientConfiguration, UserConfiguration } from './configuration.ts';
import { answerWithFault, type Fault, type FaultContext } from './faults.ts';
import type { Issuer } from './issuer.ts';
import type { ServerClock } from './server-clock.ts';

/** One request that the server received. It holds whatever secrets the client sent. */
export type ReceivedRequest = {
  readonly method: string;
  readonly path: string;
  readonly query: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  /** As sent, up to 64 KiB. */
  readonly body: string;
  /** 0 as long as there is no answer. */
  readonly status: number;
};

export interface Director {
  /** Gives the password. */
  addUser(user: UserConfiguration): Promise<string>;
  users(): readonly string[];
  /** @throws DevServerError `configuration` */
  addClient(client: ClientConfiguration): Promise<void>;
  clients(): readonly string[];
  addFault(fault: Fault): void;
  faults(): readonly Fault[];
  clearFaults(): void;
  advanceClock(seconds: number): void;
  /** Whatever was issued so far has expired. */
  expireAll(): void;
  /** Ends every grant, token and session; clients and users stay. */
  revokeAll(): void;
  /** New signing keys, in the JWK Set too; tokens that were signed before are not taken any more. */
  rotateKeys(): void;
  /** As it was after the start. */
  reset(): Promise<void>;
  requests(): readonly ReceivedRequest[];
  /** Serves a request by `act`, in the server's time, on record, and with the fault that waits for it. */
  direct(request: IncomingMessage, response: ServerResponse, act: () => void): void;
}

const recordLimit = 1000;
const bodyLimit = 65_536;

export function createDirector(
  issuers: readonly Issuer[],
  clock: ServerClock,
  populate: () => Promise<unknown>,
): Director {
  const [first] = issuers;
  if (first === undefined) throw new Error('there is always an issuer');
  const log: ReceivedRequest[] = [];
  let faults: Fault[] = [];

  const takeFault = (path: string): Fault | undefined => {
    const index = faults.findIndex(({ endpoint }) => endpoint === path);
    const fault = faults[index];
    if (fault === undefined) return undefined;
    const { count = 1 } = fault;
    faults =
      count > 1 ? faults.with(index, { ...fault, count: count - 1 }) : faults.toSpliced(index, 1);
    return fault;
  };
  const revokeAll = () => {
    for (const { store } of issuers) store.forget((model) => lasting.has(model));
  };

  return {
    addUser: async ({ username, password, claims }) =>
      first.accounts.create(username, password, claims),
    users: () => first.accounts.usernames(),
    addClient: (client) => first.addClient(client),
    clients: () => first.store.list('Client').map(({ id }) => id),
    addFault: (fault) => void faults.push(fault),
    faults: () => faults,
    clearFaults: () => void (faults = []),
    advanceClock: (seconds) => clock.advance(seconds),
    expireAll: () => clock.advance(1 + Math.max(...issuers.map(longestLifetime))),
    revokeAll,
    rotateKeys: () => issuers.forEach(rotate),
    async reset() {
      faults = [];
      log.length = 0;
      clock.reset();
      for (const { store, accounts } of issuers) {
        store.forget(() => false);
        accounts.clear();
      }
      await populate();
    },
    requests: () => log,
    direct(request, response, act) {
      const path = (request.url ?? '').split('?', 1)[0] ?? '';
      if (!path.startsWith('/control/')) record(log, request, response);
      const fault = takeFault(path);
      const context = faultContext(issuerOf(issuers, path) ?? first);
      clock.run(() => {
        if (fault === undefined) act();
        else void answerWithFault(fault, context, request, response, act);
      });
    },
  };
}

/** Models that a revocation leaves. */
const lasting = new Set(['Client', 'RegistrationAccessToken']);

function longestLifetime({ configuration }: Issuer): number {
  return Math.max(...Object.values(configuration.lifetimes));
}

function issuerOf(issuers: readonly Issuer[], path: string): Issuer | undefined {
  return issuers
    .filter((issuer) => path.startsWith(`${issuer.configuration.path}/`))
    .sort((one, other) => other.configuration.path.length - one.configuration.path.length)[0];
}

function faultContext({ keys, resources }: Issuer): FaultContext {
  return {
    dpopNonce: (path) => {
      const isResource = resources.all.some(({ uri }) => new URL(uri).pathname === path);
      const purpose = isResource ? 'protected resource' : 'DPoP';
      return new ServerChallenge(keys.dpopNonceSecret, purpose).nextChallenge();
    },
    sign: async (claims, header) => {
      const { alg = 'ES256' } = header as { alg?: string };
      const jwk = keys.signingKeys().find((key) => key['alg'] === alg);
      if (jwk === undefined) throw new Error(`there is no key for ${alg}`);
      const key = createPrivateKey({ key: jwk, format: 'jwk' });
      return new SignJWT(claims as JWTPayload).setProtectedHeader({ ...header, alg }).sign(key);
    },
  };
}

function rotate({ keys, provider }: Issuer): void {
  keys.rotate();
  initializeKeystore.call(provider, { keys: keys.signingKeys() });
}

function record(log: ReceivedRequest[], request: IncomingMessage, response: ServerResponse): void {
  const url = new URL(request.url ?? '', 'http://localhost');
  const entry = {
    method: request.method ?? '',
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: Object.fromEntries(
      Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
    ),
    body: '',
    status: 0,
  };
  // Listening to `data` would take the body away from who reads it later.
  const push = request.push.bind(request);
  request.push = (chunk: unknown, encoding) => {
    if (Buffer.isBuffer(chunk) && entry.body.length < bodyLimit) entry.body += chunk.toString();
    return push(chunk, encoding);
  };
  response.once('finish', () => (entry.status = response.statusCode));
  log.push(entry);
  if (log.length > recordLimit) log.shift();
}
