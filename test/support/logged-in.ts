// A login through the command line, for the tests of what comes after one; and what it left in the store.

import { expect } from 'vitest';
import { keychainService } from '../../src/tokens/secret-store.ts';
import type { Script, ScriptedServer } from './authorization-server.ts';
import { startScriptedServer } from './authorization-server.ts';
import type { TestEnvironment, TestOptions } from './environment.ts';
import { testEnvironment } from './environment.ts';
import { runCliIn } from './run-cli.ts';

export type LoggedIn = {
  readonly server: ScriptedServer;
  readonly environment: TestEnvironment;
};

/** Servers that one test file starts, to be closed after each test. */
export function serverPool() {
  const servers: { close(): Promise<void> }[] = [];
  return {
    async start(script: Script = {}): Promise<ScriptedServer> {
      const server = await startScriptedServer(script);
      servers.push(server);
      return server;
    },
    add<T extends { close(): Promise<void> }>(server: T): T {
      servers.push(server);
      return server;
    },
    async close(): Promise<void> {
      await Promise.all(servers.splice(0).map((server) => server.close()));
    },
  };
}

/** An environment whose browser is a person who consents, and a login in it; the server's requests start anew. */
export async function logInAt(
  server: ScriptedServer,
  argv: readonly string[] = [],
  options: TestOptions = {},
): Promise<TestEnvironment> {
  const environment = testEnvironment({
    browser: async (url) => {
      await server.browse(url);
    },
    ...options,
  });
  await logInAgain(environment, server, argv);
  return environment;
}

/** One more login in the same environment. */
export async function logInAgain(
  environment: TestEnvironment,
  server: ScriptedServer,
  argv: readonly string[] = [],
): Promise<void> {
  const result = await runCliIn(environment, ['login', server.issuer, ...argv]);
  expect(result.exitCode, result.stderr).toBe(0);
  server.requests.length = 0;
  environment.contacted.length = 0;
}

export type Stored = {
  accessToken: string;
  refreshToken?: string;
  idToken?: string;
  subject?: string;
  expiresAt?: number;
};

/** The token sets in the keychain, in the order in which they were first stored. */
export function storedTokens(environment: TestEnvironment): Stored[] {
  return [...environment.secrets]
    .filter(([key]) => key.startsWith(`${keychainService}\0`) && key.endsWith('.tokens'))
    .map(([, text]) => JSON.parse(text) as Stored);
}

/** Changes the only token set in the keychain, as another process might. */
export function changeStored(environment: TestEnvironment, change: Partial<Stored>): void {
  const [[key, text]] = [...environment.secrets].filter(([name]) => name.endsWith('.tokens')) as [
    [string, string],
  ];
  environment.secrets.set(key, JSON.stringify({ ...(JSON.parse(text) as Stored), ...change }));
}

export function configurationOf(environment: TestEnvironment): string {
  return Buffer.from(environment.homeFiles.get('config.json')!).toString();
}

/** The same, with an access token that has expired and a clock that does not wait; `slept` gets its waits. */
export function expired(environment: TestEnvironment, slept: number[] = []): TestEnvironment {
  changeStored(environment, { expiresAt: environment.clock.now() - 1000 });
  return withoutWaiting(environment, slept);
}

export function withoutWaiting(
  environment: TestEnvironment,
  slept: number[] = [],
): TestEnvironment {
  const sleep = async (milliseconds: number) => void slept.push(milliseconds);
  return { ...environment, clock: { ...environment.clock, sleep } };
}
