// What there is to know about a target before a login: the server, what it supports, what oauth-cli would use.

import type { Environment } from '../environment.ts';
import { defaultScope } from '../oauth/authorization-request.ts';
import { createProtocolFetch } from '../oauth/protocol-fetch.ts';
import { findPreset } from '../profile/presets.ts';
import { userAgent } from '../version.ts';
import type { FoundServer, ServerInput } from './find-server.ts';
import { findServer } from './find-server.ts';
import { checkTarget } from './login-profile.ts';

export type Discovery = FoundServer & {
  /** What a login would do without options. */
  readonly plan: {
    readonly grant: 'authorization_code' | 'device_code' | 'none';
    readonly scope: string | undefined;
    readonly resource: string | undefined;
    readonly client: 'registers itself' | 'needs --client-id';
  };
};

/** @throws CliError `usage`, `protocol_violation`, `network`, `timeout` */
export async function discover(
  environment: Environment,
  typed: string,
  input: ServerInput,
): Promise<Discovery> {
  const preset = findPreset(typed);
  const target = preset?.issuer ?? checkTarget(typed);
  const found = await findServer(
    environment,
    createProtocolFetch(environment, userAgent),
    { target, preset, existing: null },
    input,
  );
  const { server, resource } = found;
  const methods: unknown = server.code_challenge_methods_supported;
  const hasPkce = methods === undefined || (Array.isArray(methods) && methods.includes('S256'));
  const byBrowser = server.authorization_endpoint !== undefined && hasPkce;
  return {
    ...found,
    plan: {
      grant: byBrowser
        ? 'authorization_code'
        : server.device_authorization_endpoint === undefined
          ? 'none'
          : 'device_code',
      scope: defaultScope(server, resource?.scope),
      resource: resource?.resource,
      client: server.registration_endpoint === undefined ? 'needs --client-id' : 'registers itself',
    },
  };
}
