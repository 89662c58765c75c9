// The local authorization server and its protected resources, put together: socket → host check → routes → library.

import {
  effectiveConfiguration,
  type ConfigurationInput,
  type IssuerConfiguration,
} from './configuration.ts';
import { close, listen } from './http-server.ts';
import { createIssuer, type Issuer } from './issuer.ts';
import { developmentOnly } from './provider-configuration.ts';
import { createRequestListener } from './request-listener.ts';

export { DevServerError } from './dev-server-error.ts';

export type DevServerOptions = {
  readonly configuration?: ConfigurationInput | undefined;
  /** 0: any free port; wins over the configuration's, as `autoApprove` does. */
  readonly port?: number | undefined;
  /** Log this user in, created if unknown, and consent to everything, without a page. */
  readonly autoApprove?: string | undefined;
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
  const configuration = effectiveConfiguration(options.configuration);
  const autoApprove = options.autoApprove ?? configuration.auto_approve;
  const { server, port } = await listen(options.port ?? configuration.port);
  try {
    const origin = `http://127.0.0.1:${port}`;
    const issuers = configuration.issuers.map((one) =>
      createIssuer({ issuer: `${origin}${one.path}`, configuration: one, autoApprove, log }),
    );
    const users = await Promise.all(issuers.map((issuer) => populate(issuer, autoApprove)));
    server.on('request', createRequestListener({ origin, issuers, log }));
    log(`${developmentOnly}; listening on ${origin}`);
    const [first] = issuers;
    if (first === undefined) throw new Error('there is always an issuer');
    return {
      issuer: first.issuer,
      protectedResource: first.resources.default.uri,
      issuers: issuers.map(({ issuer }) => issuer),
      users: users[0] ?? [],
      close: () => close(server),
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
