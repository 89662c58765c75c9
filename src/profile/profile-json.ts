// A profile as it stands in config.json.

import type { Profile } from './profile.ts';
import { isProfileName, storeKinds } from './profile.ts';

export function profileToJson(profile: Profile): Record<string, unknown> {
  return {
    issuer: profile.issuer,
    client_id: profile.clientId,
    client_authentication: profile.clientAuthentication,
    registered: profile.registered,
    id_token_signed_response_alg: profile.idTokenSignedResponseAlg,
    redirect_uri: profile.redirectUri,
    scope: profile.scope,
    resources: profile.resources,
    allowed_origins: profile.allowedOrigins,
    store: profile.store,
    store_key: profile.storeKey,
    issuer_in_response: profile.issuerInResponse,
    ...(profile.target === undefined ? {} : { target: profile.target }),
    ...(profile.manualMetadata === undefined
      ? {}
      : {
          discovery: profile.manualMetadata.discovery,
          metadata: profile.manualMetadata.members,
        }),
  };
}

/** The profile, or one line that says where the JSON is wrong (a JSON pointer and what was expected). */
export function profileFromJson(name: string, value: unknown): Profile | string {
  if (!isProfileName(name)) return `/profiles: ${JSON.stringify(name)} is not a profile name`;
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return `/profiles/${name}: expected an object`;
  }
  const json = value as Record<string, unknown>;
  const store = storeKinds.find((kind) => kind === json['store']);
  const checks: [member: string, good: boolean, expected: string][] = [
    ...['client_id', 'client_authentication'].map((member): [string, boolean, string] => [
      member,
      typeof json[member] === 'string',
      'a string',
    ]),
    ...['issuer', 'redirect_uri'].map((member): [string, boolean, string] => [
      member,
      typeof json[member] === 'string' && URL.canParse(json[member]),
      'a URL',
    ]),
    // Part of file names in the plaintext store.
    [
      'store_key',
      typeof json['store_key'] === 'string' && /^[0-9a-f]{24}$/.test(json['store_key']),
      '24 hexadecimal digits',
    ],
    ...['id_token_signed_response_alg', 'scope', 'target'].map(
      (member): [string, boolean, string] => [
        member,
        json[member] === undefined || typeof json[member] === 'string',
        'a string',
      ],
    ),
    ...['resources', 'allowed_origins'].map((member): [string, boolean, string] => [
      member,
      isListOfStrings(json[member]),
      'an array of strings',
    ]),
    ...['registered', 'issuer_in_response'].map((member): [string, boolean, string] => [
      member,
      typeof json[member] === 'boolean',
      'true or false',
    ]),
    ['metadata', json['metadata'] === undefined || isObject(json['metadata']), 'an object'],
    [
      'discovery',
      json['discovery'] === undefined || typeof json['discovery'] === 'boolean',
      'true or false',
    ],
    ['store', store !== undefined, `one of ${storeKinds.join(', ')}`],
  ];
  const wrong = checks.find(([, good]) => !good);
  if (wrong !== undefined || store === undefined) {
    return `/profiles/${name}/${wrong?.[0] ?? 'store'}: expected ${wrong?.[2] ?? 'a store'}`;
  }
  return {
    name,
    issuer: json['issuer'] as string,
    clientId: json['client_id'] as string,
    clientAuthentication: json['client_authentication'] as string,
    registered: json['registered'] as boolean,
    idTokenSignedResponseAlg: json['id_token_signed_response_alg'] as string | undefined,
    redirectUri: json['redirect_uri'] as string,
    scope: json['scope'] as string | undefined,
    resources: json['resources'] as readonly string[],
    allowedOrigins: json['allowed_origins'] as readonly string[],
    store,
    storeKey: json['store_key'] as string,
    issuerInResponse: json['issuer_in_response'] as boolean,
    target: json['target'] as string | undefined,
    manualMetadata: isObject(json['metadata'])
      ? { discovery: json['discovery'] !== false, members: json['metadata'] }
      : undefined,
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isListOfStrings(value: unknown): boolean {
  return Array.isArray(value) && value.every((item) => typeof item === 'string');
}
