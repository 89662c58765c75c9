// oauth-cli serve: a local authorization server and protected resource, for development and tests.

import type { Command } from 'commander';
import type { ConfigurationInput } from '../../dev-server/configuration.ts';
import type { DevServer } from '../../dev-server/start.ts';
import { CliError } from '../../errors.ts';
import type { CommandContext, Frame } from '../command.ts';
import { withAction } from '../command.ts';
import { wholeNumber } from '../option-values.ts';
import { exitCodeOf } from '../exit-code.ts';
import type { Output, OutputOptions } from '../output.ts';

type ServeOptions = OutputOptions & {
  readonly port?: string;
  readonly config?: string;
  readonly printConfig?: boolean;
  readonly control?: boolean;
  readonly tls?: boolean;
  readonly autoApprove?: string;
};

export function addServeCommand(program: Command, frame: Frame): void {
  const command = program
    .command('serve')
    .description(
      'run a local authorization server and protected resource, for development and tests',
    )
    .option('--port <port>', 'port on 127.0.0.1; 0 takes any free one (default: 0)')
    .option('--config <file>', 'clients, users, resources, lifetimes, …, as JSON')
    .option('--print-config', 'print the effective configuration, without secrets, and end')
    .option('--control', 'let tests direct it: faults, clock, log, users, clients')
    .option('--tls', 'speak TLS, with a certificate made at start unless the file names one')
    .option('--auto-approve <user>', 'log this user in and consent, without pages')
    .addHelpText(
      'after',
      `
Everything is in memory and gone when it ends; keys and passwords are new at
every start. The README describes the configuration file; its JSON Schema is
schemas/serve.schema.json in the package.

Examples:
  oauth-cli serve
  oauth-cli serve --port 8080 --auto-approve alice --json
  oauth-cli serve --config serve.json
`,
    );
  withAction<ServeOptions>(frame, command, runServe);
}

async function runServe(
  { environment, output }: CommandContext,
  options: ServeOptions,
): Promise<number | undefined> {
  const log = options.verbose === true ? (line: string) => void output.report(line) : undefined;
  const port = options.port === undefined ? undefined : wholeNumber('--port', options.port, 65_535);
  const { effectiveConfiguration } = await import('../../dev-server/configuration.ts');
  const configuration = await readConfiguration(options, port);
  if (options.printConfig === true) {
    const { printableConfiguration } = await import('../../dev-server/configuration-file.ts');
    await output.printJson(printableConfiguration(effectiveConfiguration(configuration)));
    return undefined;
  }
  const { startDevServer } = await import('../../dev-server/start.ts');
  const server = await translated(() =>
    startDevServer({ configuration, control: options.control, log }),
  );
  const autoApprove = configuration.auto_approve;
  try {
    await tell(output, environment.processId, server, autoApprove);
    await untilCancelled(environment.cancelled);
  } finally {
    await server.close();
  }
  // Being told to stop is how a server ends: the exit code of the contract, and no error text.
  return exitCodeOf(environment.cancelled.reason);
}

/** The file's settings, with those of the command line in their place. */
async function readConfiguration(
  options: ServeOptions,
  port: number | undefined,
): Promise<ConfigurationInput> {
  const { readConfigurationFile } = await import('../../dev-server/configuration-file.ts');
  const { config, autoApprove } = options;
  const file: ConfigurationInput =
    config === undefined ? {} : await translated(() => readConfigurationFile(config));
  return {
    ...file,
    ...(port === undefined ? {} : { port }),
    ...(options.tls === true
      ? { tls: file.tls === undefined || file.tls === false ? true : file.tls }
      : {}),
    ...(autoApprove === undefined ? {} : { auto_approve: autoApprove }),
  };
}

/** @throws CliError `usage` for what a person can put right */
async function translated<Value>(act: () => Value | Promise<Value>): Promise<Value> {
  const { DevServerError } = await import('../../dev-server/dev-server-error.ts');
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof DevServerError)) throw error;
    const hint =
      error.code === 'configuration'
        ? 'the README describes the file; schemas/serve.schema.json has every setting'
        : 'choose another --port, or 0 for any free one';
    throw new CliError('usage', error.message, { hint });
  }
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
  for (const { username, password, isGenerated } of users) {
    const shown = isGenerated ? password : dim('(as configured)');
    await output.report(
      username === autoApprove
        ? `  logs in by itself   ${username}`
        : `  user and password   ${username}  ${shown}`,
    );
  }
  if (server.controlSecret !== null) {
    await output.report(`  control             ${server.issuer}/control/  ${server.controlSecret}`);
  }
  await output.report(dim(`\nIn another terminal: oauth-cli login ${server.issuer}`));
  await output.report(dim('Everything is in memory and gone when this ends; Ctrl-C stops it.'));
  // Last, so that whoever reads this line knows that everything is ready.
  if (!output.isJson) return;
  await output.printJson({
    issuer: server.issuer,
    protected_resource: server.protectedResource,
    pid: processId,
    ...(server.certificate === null ? {} : { certificate: server.certificate }),
    ...(server.controlSecret === null ? {} : { control_secret: server.controlSecret }),
  });
}

async function untilCancelled(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  await new Promise<void>((resolve) =>
    signal.addEventListener('abort', () => resolve(), { once: true }),
  );
}
