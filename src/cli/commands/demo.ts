// oauth-cli demo: the whole journey against a server of its own, each step explained.

import type { Command } from 'commander';
import { Help } from 'commander';
import type { DevServer } from '../../dev-server/start.ts';
import type { Environment } from '../../environment.ts';
import { StoreError } from '../../errors.ts';
import type { LoginResult } from '../../flows/login.ts';
import { sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import { withAction } from '../command.ts';
import { deviceProgress } from '../device-progress.ts';
import { demoEnvironment } from '../demo-environment.ts';
import type { Output, OutputOptions } from '../output.ts';

const user = 'alice';

export function addDemoCommand(program: Command, frame: Frame): void {
  const command = program
    .command('demo')
    .description('see the whole journey work, against a server of its own; leaves nothing behind');
  withAction<OutputOptions>(frame, command, runDemo);
}

/** One call of the protected resource, as --json reports it. */
type Call = { readonly step: string; readonly status: number };

async function runDemo(context: CommandContext): Promise<undefined> {
  const { startDevServer } = await import('../../dev-server/start.ts');
  const withBrowser = context.environment.browser.available();
  const environment = demoEnvironment(context.environment);
  const server = await startDevServer(withBrowser ? {} : { autoApprove: user });
  try {
    await journey(environment, context.output, server, withBrowser);
  } finally {
    await server.close();
  }
  return undefined;
}

async function journey(
  environment: Environment,
  output: Output,
  server: DevServer,
  withBrowser: boolean,
): Promise<void> {
  const { forgetSecrets } = await import('../../flows/save-login.ts');
  const { logout } = await import('../../flows/logout.ts');
  const tell = narrator(output, environment.stdout.columns);
  const calls: Call[] = [];
  const call = async (step: string, accessToken?: string) => {
    const answer = await callProtected(environment, server, accessToken);
    calls.push({ step, status: answer.status });
    await tell.exchange(answer);
  };

  await tell.step('An authorization server and an API start on this machine');
  await tell.say(`Issuer ${server.issuer}, API ${server.protectedResource}; both live in memory.`);

  await tell.step('A call without a token is refused');
  await call('without_token');
  await tell.say('The challenge says where to find out who issues tokens for this API (RFC 9728).');

  const loggedIn = await logInFor(environment, output, tell, server, withBrowser);
  try {
    const { accessToken } = loggedIn.tokens;
    await tell.step('The same call with the token succeeds');
    await call('with_token', accessToken);
    await tell.say('oauth-cli request does this for you, and sends the token to this origin only.');

    await tell.step('What the access token says');
    await tell.token(environment, accessToken);
    await tell.say(
      'A JWT is readable by anybody: decoding is not verifying. This is oauth-cli decode.',
    );

    await tell.step('Logging out revokes the token');
    await logout(environment, loggedIn.profile, { local: false });
    await tell.say(
      'First the refresh token, then the access token, then the local copy (RFC 7009).',
    );

    await tell.step('The same call with the revoked token is refused');
    await call('after_logout', accessToken);
    await tell.end(server, loggedIn, calls);
  } finally {
    await forgetSecrets(environment, loggedIn.profile);
  }
}

async function logInFor(
  environment: Environment,
  output: Output,
  tell: Narrator,
  server: DevServer,
  withBrowser: boolean,
): Promise<LoginResult> {
  const { login } = await import('../../flows/login.ts');
  await tell.step('Logging in: a client registers itself, the person approves, tokens come back');
  const store = await keychainOrMemory(environment, tell);
  const password = server.users.find(({ username }) => username === user)?.password ?? '';
  if (withBrowser)
    await tell.say(`In the browser, log in as ${user} with the password ${password}`);
  const result = await login(
    environment,
    {
      target: server.issuer,
      profileName: 'demo',
      issuer: undefined,
      metadata: undefined,
      endpoints: [],
      grant: 'authorization_code',
      redirectUri: undefined,
      clientId: undefined,
      clientSecret: undefined,
      clientAuthentication: undefined,
      scope: undefined,
      resources: [server.protectedResource],
      allowedOrigins: [],
      port: undefined,
      browser: true,
      timeout: 300_000,
      store,
    },
    {
      waitingForUnlock: () =>
        output.report('Your keychain is locked: please unlock it in the window that opens.'),
      ...deviceProgress(environment, output, false),
      offerDevice: async () => false,
      refusedPaste: async () => undefined,
      found: async () => undefined,
      notice: (text) => tell.say(text),
      authorizing: async (url) => {
        if (withBrowser) await tell.say(`If no browser opens, go to ${url}`);
        else await tell.say('There is no browser here, so the server approves by itself.');
      },
      refusedCallbacks: () => undefined,
    },
  );
  await tell.say(
    `Logged in as ${sanitize(result.tokens.subject ?? user)}, scope ${sanitize(result.tokens.scope ?? 'unknown')}.`,
  );
  return result;
}

async function keychainOrMemory(
  environment: Environment,
  tell: Narrator,
): Promise<'keychain' | 'memory'> {
  try {
    await environment.keychain.probe();
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    await tell.say(
      `No keychain can be used here (${error.message}), so the demo keeps the tokens in memory.`,
    );
    return 'memory';
  }
  await tell.say("The tokens go to this machine's keychain, and are removed at the end.");
  return 'keychain';
}

type Answer = {
  readonly sent: string;
  readonly status: number;
  readonly challenge: string | undefined;
  readonly body: string;
};

async function callProtected(
  environment: Environment,
  server: DevServer,
  accessToken: string | undefined,
): Promise<Answer> {
  const url = new URL(server.protectedResource);
  const authorization =
    accessToken === undefined ? [] : [['Authorization', `Bearer ${accessToken}`] as const];
  const response = await environment.http.send({
    method: 'GET',
    url,
    headers: [['Accept', 'application/json'], ...authorization],
    timeout: 10_000,
    signal: environment.cancelled,
  });
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  return {
    sent: `GET ${url.pathname}${accessToken === undefined ? '' : ' with Authorization: Bearer …'}`,
    status: response.status,
    challenge: response.headers.find(([name]) => name.toLowerCase() === 'www-authenticate')?.[1],
    body: chunks.map((chunk) => new TextDecoder().decode(chunk)).join(''),
  };
}

interface Narrator {
  step(title: string): Promise<void>;
  say(text: string): Promise<void>;
  exchange(answer: Answer): Promise<void>;
  token(environment: Environment, token: string): Promise<void>;
  end(server: DevServer, result: LoginResult, calls: readonly Call[]): Promise<void>;
}

/** The story on stdout; with --json one document at the end. */
function narrator(output: Output, columns: number | undefined): Narrator {
  const { bold, dim, green, red, cyan } = output.paint;
  let steps = 0;
  const print = async (text: string) => {
    if (!output.isJson) await output.print(text);
  };
  const indented = (text: string) =>
    new Help().boxWrap(text, Math.max(columns ?? 100, 40) - 4).replace(/^/gm, '   ');
  return {
    async step(title) {
      steps += 1;
      await print(`${steps === 1 ? '' : '\n'}${cyan(`${steps}.`)} ${bold(title)}`);
    },
    say: (text) => print(dim(indented(text))),
    async exchange({ sent, status, challenge, body }) {
      await print(`   ${sent}`);
      await print(
        `   ${status < 400 ? green(String(status)) : red(String(status))} ${sanitize(body)}`,
      );
      if (challenge !== undefined)
        await print(indented(`WWW-Authenticate: ${sanitize(challenge)}`));
    },
    async token(environment, token) {
      const { decodeToken } = await import('../../flows/decode-token.ts');
      const { renderDecodedToken } = await import('../decoded-token.ts');
      const text = renderDecodedToken(decodeToken(token), {
        now: environment.clock.now(),
        paint: output.paint,
      });
      await print(text.replace(/^(?=.)/gm, '   '));
    },
    async end(server, { profile, tokens }, calls) {
      if (output.isJson) {
        const { issuer, protectedResource } = server;
        await output.printJson({
          issuer,
          protected_resource: protectedResource,
          subject: tokens.subject,
          store: profile.store,
          calls,
        });
        return;
      }
      await print(`\n${green('✓')} That was all of it; nothing of it is left on this machine.`);
      await print(dim('  Your own server next: oauth-cli login https://…'));
    },
  };
}
