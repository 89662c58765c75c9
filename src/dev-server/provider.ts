// The oidc-provider instance: the configuration, and what has to be changed on the instance itself.

import type { EventEmitter } from 'node:events';
import type { Client, Provider as ProviderType } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import { applyAutoApprove } from './auto-approve.ts';
import { registerCustomGrants } from './custom-grants.ts';
import { limitPolling } from './device-flow.ts';
import { acceptJwtAccessTokens } from './jwt-access-token-endpoints.ts';
import { providerConfiguration, type ProviderSettings } from './provider-configuration.ts';

export type CreateProviderOptions = ProviderSettings & {
  readonly log: (line: string) => void;
};

export function createProvider(options: CreateProviderOptions): ProviderType {
  const configuration = providerConfiguration(options);
  if (options.autoApprove !== undefined) {
    applyAutoApprove(configuration, options.autoApprove, options);
  }
  const provider = new Provider(options.issuer, configuration);
  matchRedirectUrisExactly(provider.Client.prototype);
  const logError = (error: Error) => options.log(`error: ${error.stack ?? error.message}`);
  provider.on('server_error', (_context, error) => logError(error));
  // Without a listener, Koa prints these itself.
  (provider as EventEmitter).on('error', logError);
  registerCustomGrants(provider, options);
  limitPolling(provider, options.configuration.device_interval);
  const currentContext = () => Provider.ctx;
  acceptJwtAccessTokens(provider, currentContext, options.accessTokens);
  return provider;
}

/**
 * The library lets any port pass for `localhost` too; RFC 8252 §7.3 says so for the loopback literals only.
 * Its documentation names this method as the one to override.
 */
function matchRedirectUrisExactly(prototype: Client): void {
  const { redirectUriAllowed } = prototype;
  prototype.redirectUriAllowed = function (this: Client, redirectUri: string): boolean {
    if (this.redirectUris?.includes(redirectUri) === true) return true;
    const isLiteral = /^http:\/\/(127\.0\.0\.1|\[::1\])[:/]/.test(redirectUri);
    return isLiteral && redirectUriAllowed.call(this, redirectUri);
  };
}
