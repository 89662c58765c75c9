// oauth-cli serve: a local authorization server and protected resource, for development and tests.

import type { Command } from 'commander';
import type { DevServer } from '../../dev-server/start.ts';
import { CliError } from '../../errors.ts';
import type { CommandContext, Frame } from '../command.ts';
import { withAction } from '../command.ts';
import { wholeNumber } from '../option-values.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { Output, OutputOptions } from '../output.ts';

type ServeOptions = OutputOptions & { readonly port: string; readonly autoApprove?: string };

export function addServeCommand(program: Command, frame: Frame): void {
  const command = program
    .command('serve')
    .description(
      'run a local authorization server and protected resource, for development and tests',
    )
    .option('--port <port>', 'port on 127.0.0.1; 0 takes any free one', '0')
    .option('--auto-approve <user>', 'log this user in and consent, without pages')
    .addHelpText(
      'after',
      `
Everything is in memory and gone when it ends; keys and passwords are new at
every start.

Examples:
  oauth-cli serve
  oauth-cli serve --port 8080 --auto-approve alice --json
`,
    );
  withAction<ServeOptions>(frame, command, runServe);
}

async function runServe(
  { environment, output }: CommandContext,
  options: ServeOptions,
): Promise<number | undefined> {
  const { startDevServer, DevServerError } = await import('../../dev-server/start.ts');
  let server;
  try {
    server = await startDevServer({
      port: wholeNumber('--port', options.port, 65_535),
      ...(options.autoApprove === undefined ? {} : { autoApprove: options.autoApprove }),
      ...(options.verbose === true ? { log: (line: string) => void output.report(line) } : {}),
    });
  } catch (error) {
    if (!(error instanceof DevServerError)) throw error;
    throw new CliError('usage', error.message, {
      hint: 'choose another --port, or 0 for any free one',
    });
  }
  try {
    await tell(output, environment.processId, server, options.autoApprove);
    await untilCancelled(environment.cancelled);
  } finally {
    await server.close();
  }
  // Being told to stop is how a server ends: the exit code of the contract, and no error text.
  return exitCodeOf(environment.cancelled.reason);
}

async function tell(
  output: Output,
  processId: number,
  server: DevServer,
  autoApprove: string | undefined,
): Promise<void> {
  const { bold, dim } = output.reportPaint;
  const { users } = server;
  await output.report(`${bold('Authorization server')} for development, on this machine only\n`);
  await output.report(`  issuer              ${server.issuer}`);
  await output.report(`  protected resource  ${server.protectedResource}`);
  for (const { username, password } of users) {
    await output.report(
      username === autoApprove
        ? `  logs in by itself   ${username}`
        : `  user and password   ${username}  ${password}`,
    );
  }
  await output.report(dim(`\nIn another terminal: oauth-cli login ${server.issuer}`));
  await output.report(dim('Everything is in memory and gone when this ends; Ctrl-C stops it.'));
  // Last, so that whoever reads this line knows that everything is ready.
  if (!output.isJson) return;
  await output.printJson({
    issuer: server.issuer,
    protected_resource: server.protectedResource,
    pid: processId,
  });
}

async function untilCancelled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
