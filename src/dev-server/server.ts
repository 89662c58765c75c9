// The authorization server for test suites, which the package exports as `oauth-cli/server`.

import type {
  ClientConfiguration,
  ConfigurationInput,
  UserConfiguration,
} from './configuration.ts';
import type { Fault } from './faults.ts';
import type { ReceivedRequest } from './director.ts';
import { startDevServer } from './start.ts';

export type { ClientConfiguration, ConfigurationInput, Fault, ReceivedRequest, UserConfiguration };

export type AuthorizationServerOptions = ConfigurationInput & {
  /** Takes lines about requests and errors; silent when left out. */
  readonly log?: ((line: string) => void) | undefined;
};

export type AuthorizationServer = {
  /** The issuer identifier, `http://127.0.0.1:<port>`. */
  readonly issuer: string;
  /** An address of the server, such as `url('/protected')`. */
  url(path: string): string;
  /** Adds a user, or replaces one; resolves with the password, which is random unless given. */
  addUser(user: UserConfiguration): Promise<string>;
  /** Registers a client with RFC 7591 metadata; rejects when the metadata is not valid. */
  addClient(client: ClientConfiguration): Promise<void>;
  /** Makes the server misbehave at an endpoint, once or `count` times. */
  fault(fault: Fault): void;
  /** Lets time pass for the server, and for the server only. */
  advanceClock(seconds: number): void;
  /** Lets everything that was issued so far expire. */
  expireAll(): void;
  /** Ends every grant, token and session; clients and users stay. */
  revokeAll(): void;
  /** Replaces the signing keys. */
  rotateKeys(): void;
  /** Back to how it was after the start. */
  reset(): Promise<void>;
  /** The requests received so far, oldest first, with whatever secrets they carried. */
  requests(): readonly ReceivedRequest[];
  /** Ends at once, with whatever connections are open. */
  close(): Promise<void>;
};

/**
 * Starts an authorization server with a protected resource on a free port of 127.0.0.1; options are those of the
 * configuration file of `oauth-cli serve`. Rejects with an error that names the mistake in them.
 */
export async function startAuthorizationServer(
  options: AuthorizationServerOptions = {},
): Promise<AuthorizationServer> {
  const { log, ...configuration } = options;
  const { issuer, director, close } = await startDevServer({ configuration, log, check: true });
  return {
    issuer,
    url: (path) => `${issuer}${path}`,
    addUser: director.addUser,
    addClient: director.addClient,
    fault: director.addFault,
    advanceClock: director.advanceClock,
    expireAll: director.expireAll,
    revokeAll: director.revokeAll,
    rotateKeys: director.rotateKeys,
    reset: director.reset,
    requests: director.requests,
    close,
  };
}
