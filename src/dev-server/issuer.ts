// One issuer, put together: its keys, store, accounts, the library and the protected resources.

import { readFileSync } from 'node:fs';
import type { Provider } from 'oidc-provider';
import addClient from 'oidc-provider/lib/helpers/add_client.js';
import { InvalidClientMetadata } from 'oidc-provider/lib/helpers/errors.js';
import { createAccessTokens, type AccessTokens } from './access-tokens.ts';
import { createAccounts, type Accounts } from './accounts.ts';
import {
  effectiveClient,
  type ClientConfiguration,
  type IssuerConfiguration,
  type SigningAlgorithm,
} from './configuration.ts';
import { DevServerError } from './dev-server-error.ts';
import { createDpopProofs, type DpopProofs } from './dpop-proof.ts';
import { generateServerKeys, type ServerKeys } from './keys.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import { createProvider } from './provider.ts';
import { createResources, type Resources } from './resources.ts';
import { createScopes, type Scopes } from './scopes.ts';

export type Issuer = {
  readonly issuer: string;
  readonly configuration: IssuerConfiguration;
  readonly provider: Provider;
  readonly accounts: Accounts;
  readonly accessTokens: AccessTokens;
  readonly dpopProofs: DpopProofs;
  readonly keys: ServerKeys;
  readonly resources: Resources;
  readonly scopes: Scopes;
  readonly store: MemoryStore;
  /** @throws DevServerError `configuration` for metadata that dynamic registration would refuse */
  addClient(client: ClientConfiguration): Promise<void>;
};

export type CreateIssuerOptions = {
  readonly issuer: string;
  readonly configuration: IssuerConfiguration;
  readonly autoApprove: string | undefined;
  readonly accounts?: Accounts;
  readonly log: (line: string) => void;
};

/** @throws DevServerError `configuration` for a secret that cannot be read */
export function createIssuer(options: CreateIssuerOptions): Issuer {
  const { issuer, configuration, log, autoApprove } = options;
  const keys = generateServerKeys(algorithmsOf(configuration), readSecret(configuration));
  const store = createMemoryStore({
    refreshTokenGrace: configuration.refresh_token_rotation.grace_period,
  });
  const accounts = options.accounts ?? createAccounts();
  const resources = createResources(issuer, configuration);
  const scopes = createScopes(configuration.resources);
  // The provider and the access tokens need each other.
  const providers: Provider[] = [];
  const accessTokens = createAccessTokens({ issuer, keys, store, provider: () => only(providers) });
  const requireDpopNonce = () => configuration.dpop_nonce === 'required';
  const shared = { issuer, configuration, keys, accounts, store, resources, scopes, accessTokens };
  const provider = createProvider({ ...shared, requireDpopNonce, autoApprove, log });
  providers.push(provider);
  const dpopProofs = createDpopProofs({
    nonceSecret: keys.dpopNonceSecret,
    requireNonce: requireDpopNonce,
    store,
  });
  return { ...shared, provider, dpopProofs, addClient: (client) => register(provider, client) };
}

function only(providers: readonly Provider[]): Provider {
  const [provider] = providers;
  if (provider === undefined) throw new Error('no token is checked before there is a provider');
  return provider;
}

async function register(provider: Provider, client: ClientConfiguration): Promise<void> {
  try {
    await addClient(provider, effectiveClient(client), { store: true });
  } catch (error) {
    if (!(error instanceof InvalidClientMetadata)) throw error;
    const problem = error.error_description ?? 'its metadata is not valid';
    throw new DevServerError('configuration', `client ${client.client_id}: ${problem}`);
  }
}

function algorithmsOf({ resources, clients }: IssuerConfiguration): readonly SigningAlgorithm[] {
  const ofResources = resources.flatMap(({ alg }) => (alg === undefined ? [] : [alg]));
  const names = ['id_token', 'userinfo', 'authorization', 'introspection'];
  const ofClients = clients.flatMap((client) =>
    names.map((name) => client[`${name}_signed_response_alg`]),
  );
  const known = ['EdDSA', 'RS256', 'PS256'];
  return [...ofResources, ...ofClients.filter((alg) => known.includes(String(alg)))] as never;
}

function readSecret({ signing_secret_file: file }: IssuerConfiguration): Buffer | undefined {
  if (file === undefined) return undefined;
  let secret;
  try {
    secret = readFileSync(file);
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new DevServerError('configuration', `cannot read signing_secret_file ${file} (${code})`);
  }
  if (secret.length < 32) {
    throw new DevServerError('configuration', `signing_secret_file ${file} has less than 32 bytes`);
  }
  return secret;
}
