// The oidc-provider instance: the configuration, and what has to be changed on the instance itself.

import type { EventEmitter } from 'node:events';
import type { Client, Provider as ProviderType } from 'oidc-provider';
import { Provider } from 'oidc-provider/lib/provider.js';
import { applyAutoApprove } from './auto-approve.ts';
import { providerConfiguration, type ProviderSettings } from './provider-configuration.ts';

export type CreateProviderOptions = ProviderSettings & {
  /** The user who is logged in and consents to everything without a page. */
  readonly autoApprove?: string | undefined;
  readonly log: (line: string) => void;
};

export function createProvider(options: CreateProviderOptions): ProviderType {
  const configuration = providerConfiguration(options);
  if (options.autoApprove !== undefined) {
    applyAutoApprove(configuration, options.autoApprove, options.protectedResource);
  }
  const provider = new Provider(options.issuer, configuration);
  matchRedirectUrisExactly(provider.Client.prototype);
  const logError = (error: Error) => options.log(`error: ${error.stack ?? error.message}`);
  provider.on('server_error', (_context, error) => logError(error));
  // Without a listener, Koa prints these itself.
  (provider as EventEmitter).on('error', logError);
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
