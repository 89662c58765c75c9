// Presets: well-known services by name. Data only; each fact is from the pages named in `sources`.

export type Preset = {
  readonly name: string;
  readonly issuer: string;
  /** Metadata members for a service without discovery, or undefined where discovery works. */
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Where its API takes the access token. */
  readonly allowedOrigins: readonly string[];
  /** Where a person registers a client: none of them registers clients by itself. */
  readonly registerAt: string;
  /** What differs from other servers, for the person. */
  readonly note?: string;
  readonly sources: readonly string[];
};

export const presets: readonly Preset[] = [
  {
    name: 'github',
    issuer: 'https://github.com/login/oauth',
    metadata: {
      authorization_endpoint: 'https://github.com/login/oauth/authorize',
      token_endpoint: 'https://github.com/login/oauth/access_token',
      device_authorization_endpoint: 'https://github.com/login/device/code',
      code_challenge_methods_supported: ['S256'],
    },
    allowedOrigins: ['https://api.github.com'],
    registerAt: 'https://github.com/settings/developers',
    note: 'without a client secret only the device flow works (--device)',
    sources: [
      'https://docs.github.com/en/apps/oauth-apps/building-oauth-apps/authorizing-oauth-apps',
    ],
  },
  {
    name: 'gitlab',
    issuer: 'https://gitlab.com',
    allowedOrigins: ['https://gitlab.com'],
    registerAt: 'https://gitlab.com/-/user_settings/applications',
    sources: [
      'https://docs.gitlab.com/api/oauth2',
      'https://docs.gitlab.com/integration/openid_connect_provider',
    ],
  },
  {
    name: 'google',
    issuer: 'https://accounts.google.com',
    allowedOrigins: [],
    registerAt: 'https://developers.google.com/identity/protocols/oauth2/native-app',
    note: 'a desktop client has a secret, too: give it with --client-secret-file',
    sources: [
      'https://developers.google.com/identity/protocols/oauth2/native-app',
      'https://developers.google.com/identity/openid-connect/openid-connect',
    ],
  },
  {
    name: 'spotify',
    issuer: 'https://accounts.spotify.com',
    metadata: {
      authorization_endpoint: 'https://accounts.spotify.com/authorize',
      token_endpoint: 'https://accounts.spotify.com/api/token',
      code_challenge_methods_supported: ['S256'],
    },
    allowedOrigins: ['https://api.spotify.com'],
    registerAt: 'https://developer.spotify.com/dashboard',
    sources: ['https://developer.spotify.com/documentation/web-api/tutorials/code-pkce-flow'],
  },
];

export function findPreset(name: string): Preset | null {
  return presets.find((preset) => preset.name === name) ?? null;
}
