// A profile: a named pair of issuer and client with its defaults. Nothing in it is secret.

import { CliError } from '../errors.ts';

export const storeKinds = ['keychain', 'file', 'plaintext', 'memory'] as const;
export type StoreKind = (typeof storeKinds)[number];

export type Profile = {
  readonly name: string;
  /** Exactly as in the authorization server's metadata. */
  readonly issuer: string;
  readonly clientId: string;
  /** RFC 7591 §2 `token_endpoint_auth_method`. */
  readonly clientAuthentication: string;
  /** Whether oauth-cli registered the client; only then may it register another in its place. */
  readonly registered: boolean;
  readonly idTokenSignedResponseAlg: string | undefined;
  /** The redirect URI without its port; its path belongs to this client alone. */
  readonly redirectUri: string;
  /** What was asked for at the last login. */
  readonly scope: string | undefined;
  /** Resource indicators; RFC 8707. */
  readonly resources: readonly string[];
  /** Where the access token may be sent: scheme, host and port. */
  readonly allowedOrigins: readonly string[];
  readonly store: StoreKind;
  /** Names the profile's items in the store; random, so that no two profiles or homes share one. */
  readonly storeKey: string;
  /** RFC 9207 §2.4: once a server promised `iss`, a response without it is refused for good. */
  readonly issuerInResponse: boolean;
  /** The protected resource or preset that the login was for, when it was not the issuer itself. */
  readonly target?: string | undefined;
  /** For a server whose own metadata are missing or poor. */
  readonly manualMetadata?: ManualMetadata | undefined;
};

export type ManualMetadata = {
  /** Whether the server is still asked; `members` then add to its metadata or replace some. */
  readonly discovery: boolean;
  readonly members: Readonly<Record<string, unknown>>;
};

/**
 * A name is shown in tables and typed in shells, so it holds no blank, control or shell-significant character.
 * @throws CliError `usage`
 */
export function checkProfileName(name: string): string {
  if (isProfileName(name)) return name;
  throw new CliError('usage', 'a profile name has up to 100 letters, digits and . _ @ : + -', {
    hint: 'it begins with a letter or a digit',
  });
}

/** The same as a question. */
export function isProfileName(name: string): boolean {
  return /^[\p{L}\p{N}][\p{L}\p{N}._@:+-]{0,99}$/u.test(name);
}

/** @throws CliError `usage` */
export function checkStoreKind(value: string): StoreKind {
  const kind = storeKinds.find((known) => known === value);
  if (kind !== undefined) return kind;
  throw new CliError('usage', 'unknown store', { hint: `one of ${storeKinds.join(', ')}` });
}
