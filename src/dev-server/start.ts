// The local authorization server and its protected resources, put together: socket → host check → routes → library.

import { randomBytes } from 'node:crypto';
import {
  effectiveConfiguration,
  type ConfigurationInput,
  type IssuerConfiguration,
} from './configuration.ts';
import { close, listen } from './http-server.ts';
import { createIssuer, type Issuer } from './issuer.ts';
import { developmentOnly } from './provider-configuration.ts';
import { createControlHandler } from './control.ts';
import { checkConfiguration } from './configuration-file.ts';
import { createDirector, type Director } from './director.ts';
import { createRequestListener } from './request-listener.ts';
import { createServerClock } from './server-clock.ts';
import { readTlsCredentials } from './tls-credentials.ts';

export { DevServerError } from './dev-server-error.ts';

export type DevServerOptions = {
  readonly configuration?: ConfigurationInput | undefined;
  /** 0: any free port; wins over the configuration's, as `autoApprove` does. */
  readonly port?: number | undefined;
  /** Log this user in, created if unknown, and consent to everything, without a page. */
  readonly autoApprove?: string | undefined;
  /** Check the configuration's shape, for callers that did not read it from a file. */
  readonly check?: boolean | undefined;
  /** Offer the control API, under a secret that is random per start. */
  readonly control?: boolean | undefined;
  /** Takes lines about requests and errors; none carries a secret. */
  readonly log?: ((line: string) => void) | undefined;
};

export type DevServer = {
  /** Of the first issuer, as the rest. */
  readonly issuer: string;
  readonly protectedResource: string;
  readonly issuers: readonly string[];
  /** For the terminal: passwords are kept nowhere else. */
  readonly users: readonly DevServerUser[];
  /** PEM of what clients have to trust; null without TLS. */
  readonly certificate: string | null;
  /** What tests may tell the server. */
  readonly director: Director;
  /** Of the control API; null when it is off. */
  readonly controlSecret: string | null;
  close(): Promise<void>;
};

export type DevServerUser = {
  readonly username: string;
  readonly password: string;
  /** Random, and to be told to somebody; else it came with the configuration. */
  readonly isGenerated: boolean;
};

/**
 * Starts the server on 127.0.0.1; it answers when the promise resolves.
 * @throws DevServerError
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { log = () => undefined } = options;
  if (options.check === true) checkConfiguration(options.configuration, 'options');
  const configuration = effectiveConfiguration(options.configuration);
  const autoApprove = options.autoApprove ?? configuration.auto_approve;
  const tls = readTlsCredentials(configuration.tls);
  const { server, port } = await listen(options.port ?? configuration.port, tls);
  try {
    const origin = `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`;
    const issuers = configuration.issuers.map((one) =>
      createIssuer({ issuer: `${origin}${one.path}`, configuration: one, autoApprove, log }),
    );
    const populateAll = async () =>
      Promise.all(issuers.map((issuer) => populate(issuer, autoApprove)));
    const users = await populateAll();
    const clock = createServerClock();
    const director = createDirector(issuers, clock, populateAll);
    const controlSecret = options.control === true ? randomBytes(24).toString('base64url') : null;
    const control = controlSecret === null ? null : createControlHandler(director, controlSecret);
    const listener = createRequestListener({ origin, issuers, control, log });
    // Recording every request costs a tenth of the rate, and nobody would read it.
    const isDirected = options.control === true || options.check === true;
    server.on('request', (request, response) => {
      if (isDirected) director.direct(request, response, () => listener(request, response));
      else listener(request, response);
    });
    log(`${developmentOnly}; listening on ${origin}`);
    const [first] = issuers;
    if (first === undefined) throw new Error('there is always an issuer');
    return {
      issuer: first.issuer,
      protectedResource: first.resources.default.uri,
      issuers: issuers.map(({ issuer }) => issuer),
      users: users[0] ?? [],
      certificate: tls?.cert ?? null,
      director,
      controlSecret,
      close: async () => {
        clock.close();
        await close(server);
      },
    };
  } catch (error) {
    await close(server);
    throw error;
  }
}

async function populate(
  { accounts, configuration, addClient }: Issuer,
  autoApprove: string | undefined,
): Promise<readonly DevServerUser[]> {
  for (const client of configuration.clients) await addClient(client);
  return Promise.all(
    usersOf(configuration, autoApprove).map(async ({ username, password, claims }) => {
      const made = await accounts.create(username, password, claims);
      return { username, password: made, isGenerated: password === undefined };
    }),
  );
}

function usersOf(
  { users }: IssuerConfiguration,
  autoApprove: string | undefined,
): IssuerConfiguration['users'] {
  const isKnown = autoApprove === undefined || users.some((user) => user.username === autoApprove);
  return isKnown ? users : [...users, { username: autoApprove }];
}
