// The device flow: the code goes to the person, the polls to the token endpoint (RFC 8628 §3.3 to §3.5).

import type { Environment } from '../environment.ts';
import { CliError, OAuthError } from '../errors.ts';
import type { AuthorizationServer } from '../oauth/authorization-server.ts';
import type { Client } from '../oauth/client.ts';
import type { DeviceAuthorization } from '../oauth/device-authorization.ts';
import { requestDeviceAuthorization } from '../oauth/device-authorization.ts';
import type { ProtocolFetch } from '../oauth/protocol-fetch.ts';
import type { TokenEndpointResponse } from '../oauth/token-endpoint-response.ts';
import { requestTokensByDeviceCode } from '../oauth/token-request.ts';

export type DeviceRequest = {
  readonly scope: string | undefined;
  readonly resources: readonly string[];
};

export interface DeviceProgress {
  /** What to enter where; the person does it on any machine. */
  enterCode(device: DeviceAuthorization, request: DeviceRequest): Promise<void>;
  /** Called about once a second, with the milliseconds that the code still lives. */
  waiting(left: number): Promise<void>;
  /** The wait is over, well or not. */
  waited(): Promise<void>;
}

/**
 * Resolves with the tokens once the person has approved.
 * @throws OAuthError `oauth_error` when refused; CliError `timeout` when the code expires; what the requests throw
 * @see RFC 8628 §3.5
 */
export async function authorizeDevice(
  environment: Pick<Environment, 'clock' | 'cancelled'>,
  protocolFetch: ProtocolFetch,
  server: AuthorizationServer,
  client: Client,
  request: DeviceRequest,
  progress: DeviceProgress,
): Promise<TokenEndpointResponse> {
  const device = await requestDeviceAuthorization(protocolFetch, server, client, request);
  const deadline = environment.clock.monotonic() + device.expiresIn * 1000;
  await progress.enterCode(device, request);
  try {
    return await poll(environment, deadline, device.interval * 1000, progress, () =>
      requestTokensByDeviceCode(protocolFetch, server, client, device.deviceCode),
    );
  } finally {
    await progress.waited();
  }
}

async function poll(
  environment: Pick<Environment, 'clock' | 'cancelled'>,
  deadline: number,
  firstInterval: number,
  progress: DeviceProgress,
  ask: () => Promise<TokenEndpointResponse>,
): Promise<TokenEndpointResponse> {
  let interval = firstInterval;
  for (;;) {
    await wait(environment, deadline, interval, progress);
    try {
      return await ask();
    } catch (error) {
      interval = nextInterval(error, interval);
    }
  }
}

/** @throws CliError `timeout` when the code expires before the next poll */
async function wait(
  { clock, cancelled }: Pick<Environment, 'clock' | 'cancelled'>,
  deadline: number,
  interval: number,
  progress: DeviceProgress,
): Promise<void> {
  const next = clock.monotonic() + interval;
  for (let now = clock.monotonic(); now < next; now = clock.monotonic()) {
    if (now >= deadline) throw expired();
    await progress.waiting(deadline - now);
    await clock.sleep(Math.min(1000, next - now, deadline - now), cancelled);
  }
  if (clock.monotonic() >= deadline) throw expired();
}

/** What goes on after an answer that is no token; the rest is thrown. */
function nextInterval(error: unknown, interval: number): number {
  if (error instanceof OAuthError) {
    if (error.fields.error === 'authorization_pending') return interval;
    if (error.fields.error === 'slow_down') return interval + 5_000;
    if (error.fields.error === 'expired_token') throw expired(error);
  }
  if (error instanceof CliError && error.code === 'timeout') return interval * 2;
  throw error;
}

function expired(cause?: unknown): CliError {
  return new CliError('timeout', 'the code has expired before anybody approved', {
    hint: 'run the command again to get a new one',
    cause,
  });
}
