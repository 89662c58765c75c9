// `--auto-approve`: every authorization request is answered at once, in the name of one user and without a page.

import type { Configuration, Grant, KoaContextWithOIDC } from 'oidc-provider';
import { base as basePolicy } from 'oidc-provider/lib/helpers/interaction_policy/index.js';
import { saveGrant } from './grants.ts';
import type { ProviderSettings } from './provider-configuration.ts';

export function applyAutoApprove(
  configuration: Configuration,
  username: string,
  settings: ProviderSettings,
): void {
  const policy = basePolicy();
  // The prompts stay, so that the values of the `prompt` parameter stay known; nothing ever asks for them.
  for (const prompt of policy) prompt.checks.clear();
  configuration.interactions = { policy };
  configuration.loadExistingGrant = async (context) => approve(context, username, settings);
  // The last hook before the library looks who is logged in.
  configuration.extraParams = {
    ...(configuration.extraParams as Record<string, () => void>),
    auto_approve: (context) => {
      context.oidc.session?.loginAccount({ accountId: username, transient: true });
    },
  };
}

async function approve(
  { oidc }: KoaContextWithOIDC,
  username: string,
  { resources, scopes }: ProviderSettings,
): Promise<Grant | undefined> {
  const { provider, client } = oidc;
  const grantId = await saveGrant(
    { provider, resources, scopes },
    { accountId: username, clientId: client?.clientId ?? '', parameters: oidc.params ?? {} },
  );
  return provider.Grant.find(grantId);
}
