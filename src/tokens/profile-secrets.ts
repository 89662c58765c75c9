// The secrets of one profile: its token set, and what its client authenticates with.

import type { Profile } from '../profile/profile.ts';
import { StoreError } from '../errors.ts';
import { JsonError, readJsonObject } from '../strict-json.ts';
import type { SecretStore } from './secret-store.ts';
import type { TokenSet } from './token-set.ts';
import { tokenSetFromText, tokenSetToText } from './token-set.ts';

export type ClientSecrets = {
  readonly clientSecret: string | undefined;
  /** Seconds since 1970; RFC 7591 §3.2.1. */
  readonly clientSecretExpiresAt: number | undefined;
  /** RFC 7592 §3. */
  readonly registrationAccessToken: string | undefined;
  readonly registrationClientUri: string | undefined;
};

/** Null when there is none, or one that another issuer or client was given. @throws StoreError */
export async function findTokenSet(store: SecretStore, profile: Profile): Promise<TokenSet | null> {
  const text = await store.find(tokensKey(profile));
  if (text === null) return null;
  const tokens = tokenSetFromText(text);
  return tokens.issuer === profile.issuer && tokens.clientId === profile.clientId ? tokens : null;
}

export async function saveTokenSet(
  store: SecretStore,
  profile: Profile,
  tokens: TokenSet,
): Promise<void> {
  await store.save(tokensKey(profile), tokenSetToText(tokens));
}

/** False when there was none. */
export async function deleteTokenSet(store: SecretStore, profile: Profile): Promise<boolean> {
  return store.delete(tokensKey(profile));
}

/** Null when the client has no secrets. @throws StoreError */
export async function findClientSecrets(
  store: SecretStore,
  profile: Profile,
): Promise<ClientSecrets | null> {
  const text = await store.find(clientKey(profile));
  if (text === null) return null;
  const json = parse(text);
  return {
    clientSecret: textOf(json['clientSecret']),
    clientSecretExpiresAt:
      typeof json['clientSecretExpiresAt'] === 'number' ? json['clientSecretExpiresAt'] : undefined,
    registrationAccessToken: textOf(json['registrationAccessToken']),
    registrationClientUri: textOf(json['registrationClientUri']),
  };
}

export async function saveClientSecrets(
  store: SecretStore,
  profile: Profile,
  secrets: ClientSecrets,
): Promise<void> {
  await store.save(clientKey(profile), JSON.stringify(secrets));
}

export async function deleteClientSecrets(store: SecretStore, profile: Profile): Promise<boolean> {
  return store.delete(clientKey(profile));
}

/** What the store holds for a profile, as it is: to be moved to another store. */
export function secretKeys(profile: Profile): readonly string[] {
  return [clientKey(profile), tokensKey(profile)];
}

/** The value, or null where it is damaged: for those who are about to replace it. */
export async function unlessDamaged<T>(read: () => Promise<T | null>): Promise<T | null> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof StoreError && error.reason === 'corrupt') return null;
    throw error;
  }
}

function tokensKey(profile: Profile): string {
  return `${profile.storeKey}.tokens`;
}

function clientKey(profile: Profile): string {
  return `${profile.storeKey}.client`;
}

function parse(text: string): Record<string, unknown> {
  try {
    return readJsonObject(text);
  } catch (error) {
    if (!(error instanceof JsonError)) throw error;
    throw new StoreError('corrupt', "the client's stored secrets are damaged", {
      hint: 'log in again',
    });
  }
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
