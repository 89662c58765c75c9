// oauth-cli discover: which authorization server a target leads to, and what it can do.

import type { Command } from 'commander';
import type { Discovery } from '../../flows/discover.ts';
import { sanitize } from '../../sanitize.ts';
import type { CommandContext, Frame } from '../command.ts';
import { collect, withAction } from '../command.ts';
import type { Output, OutputOptions } from '../output.ts';

type DiscoverOptions = OutputOptions & {
  readonly issuer?: string;
  readonly metadata?: string;
  readonly endpoint?: readonly string[];
};

export function addDiscoverCommand(program: Command, frame: Frame): void {
  const command = program
    .command('discover')
    .argument('<target>', 'an issuer, the URL of an API, or a preset')
    .description('show what a login there would find and use; logs nobody in')
    .option('--issuer <url>', 'the authorization server, where the target is an API')
    .option('--metadata <url|file>', 'the server’s metadata, where it has no discovery')
    .option('--endpoint <name=url>', 'an endpoint that its metadata lack; repeatable', collect);
  withAction<DiscoverOptions>(frame, command, runDiscover);
}

async function runDiscover(
  { environment, output }: CommandContext,
  options: DiscoverOptions,
  target = '',
): Promise<undefined> {
  const { discover } = await import('../../flows/discover.ts');
  const discovery = await discover(environment, target, {
    issuer: options.issuer,
    metadata: options.metadata,
    endpoints: options.endpoint ?? [],
  });
  if (output.isJson) await output.printJson(toJson(target, discovery));
  else await printTable(output, discovery);
  return undefined;
}

function toJson(target: string, { server, resource, notices, plan }: Discovery): unknown {
  return {
    target,
    issuer: server.issuer,
    resource:
      resource === null
        ? null
        : {
            resource: resource.resource,
            metadata: resource.metadataUrl,
            authorization_servers: resource.authorizationServers,
            scope: resource.scope,
          },
    would_use: plan,
    notices,
    metadata: server,
  };
}

async function printTable(
  output: Output,
  { server, resource, notices, plan }: Discovery,
): Promise<void> {
  const rows: [label: string, value: unknown][] = [
    ['issuer', server.issuer],
    ['resource', resource?.resource],
    ['resource metadata', resource?.metadataUrl],
    ['authorize', server.authorization_endpoint],
    ['token', server.token_endpoint],
    ['device', server.device_authorization_endpoint],
    ['pushed requests', server.pushed_authorization_request_endpoint],
    ['registration', server.registration_endpoint],
    ['revocation', server.revocation_endpoint],
    ['introspection', server.introspection_endpoint],
    ['userinfo', server.userinfo_endpoint],
    ['end session', server.end_session_endpoint],
    ['keys', server.jwks_uri],
    ['grants', server.grant_types_supported],
    ['client auth', server.token_endpoint_auth_methods_supported],
    ['PKCE', server.code_challenge_methods_supported],
    ['iss in responses', server.authorization_response_iss_parameter_supported],
    ['DPoP', server.dpop_signing_alg_values_supported],
    ['client id as URL', server['client_id_metadata_document_supported']],
    ['scopes', server.scopes_supported],
  ];
  const uses: [label: string, value: unknown][] = [
    ['grant', plan.grant],
    ['client', plan.client],
    ['scope', plan.scope ?? 'what the server gives by itself'],
    ['resource', plan.resource],
  ];
  await output.print(output.paint.bold('found'));
  await printRows(output, rows);
  await output.print(output.paint.bold('a login would use'));
  await printRows(output, uses);
  for (const notice of notices) await output.report(sanitize(notice));
}

async function printRows(
  output: Output,
  rows: readonly (readonly [label: string, value: unknown])[],
): Promise<void> {
  for (const [label, value] of rows) {
    if (value === undefined) continue;
    const list: readonly unknown[] = Array.isArray(value) ? value : [value];
    const text = list.map((item) => (typeof item === 'string' ? item : JSON.stringify(item)));
    await output.print(
      `  ${output.paint.dim(label.padEnd(17))} ${sanitize(text.join(' '), { maxLength: 4096 })}`,
    );
  }
}
