// The local authorization server and its protected resource, put together: socket → host check → routes → library.

import type { RequestListener } from 'node:http';
import { createAccessTokens } from './access-tokens.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import { close, listen } from './http-server.ts';
import { generateServerKeys } from './keys.ts';
import { createMemoryStore } from './memory-store.ts';
import { acceptJwtAccessTokens } from './jwt-access-token-endpoints.ts';
import { protectedResourcePath } from './protected-resource.ts';
import { developmentOnly } from './provider-configuration.ts';
import { createProvider } from './provider.ts';
import { createRequestListener } from './request-listener.ts';

export { DevServerError } from './http-server.ts';

export type DevServerOptions = {
  /** 0 or absent: any free port. */
  readonly port?: number | undefined;
  /** Log this user in, created if unknown, and consent to everything, without a page. */
  readonly autoApprove?: string | undefined;
  /** Takes lines about requests and errors; none carries a secret. */
  readonly log?: ((line: string) => void) | undefined;
};

export type DevServer = {
  readonly issuer: string;
  readonly protectedResource: string;
  /** For the terminal: with their passwords, which are random per start and kept nowhere else. */
  readonly users: readonly DevServerUser[];
  close(): Promise<void>;
};

export type DevServerUser = { readonly username: string; readonly password: string };

const defaultUsername = 'alice';

/**
 * Starts the server on 127.0.0.1; it answers when the promise resolves.
 * @throws DevServerError `port_in_use`, `port_forbidden`
 */
export async function startDevServer(options: DevServerOptions = {}): Promise<DevServer> {
  const { autoApprove, log = () => undefined } = options;
  const accounts = createAccounts();
  const usernames = new Set([defaultUsername, ...(autoApprove === undefined ? [] : [autoApprove])]);
  const users = await Promise.all([...usernames].map(async (name) => createUser(accounts, name)));
  const { server, port } = await listen(options.port ?? 0);
  const issuer = `http://127.0.0.1:${port}`;
  server.on('request', compose(issuer, accounts, autoApprove, log));
  log(`${developmentOnly}; listening on ${issuer}`);
  return {
    issuer,
    protectedResource: `${issuer}${protectedResourcePath}`,
    users,
    close: () => close(server),
  };
}

async function createUser(accounts: Accounts, username: string): Promise<DevServerUser> {
  return { username, password: await accounts.create(username) };
}

function compose(
  issuer: string,
  accounts: Accounts,
  autoApprove: string | undefined,
  log: (line: string) => void,
): RequestListener {
  const protectedResource = `${issuer}${protectedResourcePath}`;
  const keys = generateServerKeys();
  const store = createMemoryStore();
  const settings = { issuer, protectedResource, keys, accounts, store };
  const provider = createProvider({ ...settings, autoApprove, log });
  const accessTokens = createAccessTokens({
    issuer,
    audience: protectedResource,
    verificationKey: keys.verificationKey,
    provider,
    store,
  });
  acceptJwtAccessTokens(provider, accessTokens);
  return createRequestListener({
    issuer,
    protectedResource,
    provider,
    accounts,
    accessTokens,
    csrfKey: keys.csrfKey,
    log,
  });
}
