// What a configuration file may say, and the effective configuration that it becomes: every default is here.

export type SigningAlgorithm = 'HS256' | 'ES256' | 'EdDSA' | 'RS256' | 'PS256';

/** RFC 7591 metadata; `grant_types`, `response_types` and `redirect_uris` follow from each other when left out. */
export type ClientConfiguration = { readonly client_id: string } & Readonly<
  Record<string, unknown>
>;

export type UserConfiguration = {
  readonly username: string;
  /** A random one when left out. */
  readonly password?: string | undefined;
  readonly claims?: Readonly<Record<string, unknown>> | undefined;
};

export type ResourceConfiguration = {
  /** An absolute URI, or a path of this server: then a protected resource answers there. */
  readonly resource: string;
  readonly scopes: readonly string[];
  readonly token_format: 'jwt' | 'opaque';
  /** Left out: HS256 for the tokens of client_credentials, ES256 for those of users. */
  readonly alg?: SigningAlgorithm | undefined;
  /** Of access tokens, in seconds; left out: `lifetimes.access_token`. */
  readonly lifetime?: number | undefined;
};

/** In seconds. */
export type Lifetimes = {
  readonly access_token: number;
  readonly authorization_code: number;
  readonly device_code: number;
  readonly id_token: number;
  readonly refresh_token: number;
  readonly session: number;
};

export type IssuerConfiguration = {
  /** Empty for the issuer at the root, else `/` and a name. */
  readonly path: string;
  readonly clients: readonly ClientConfiguration[];
  readonly users: readonly UserConfiguration[];
  readonly resources: readonly ResourceConfiguration[];
  readonly lifetimes: Lifetimes;
  readonly refresh_token_rotation: {
    readonly enabled: boolean;
    /** Seconds for which a refresh token that was rotated is still taken. */
    readonly grace_period: number;
  };
  readonly dpop_nonce: 'optional' | 'required';
  /** Seconds that a device has to wait between two polls (RFC 8628 §3.2). */
  readonly device_interval: number;
  /** Dynamic client registration (RFC 7591). */
  readonly registration: boolean;
  /** Types of rich authorization requests (RFC 9396) that are taken. */
  readonly authorization_details_types: readonly string[];
  /** Of HS256 access tokens: a file of at least 32 bytes; random per start when left out. */
  readonly signing_secret_file?: string | undefined;
};

export type ServeConfiguration = {
  readonly port: number;
  /** Log this user in, created if unknown, and consent to everything, without a page. */
  readonly auto_approve?: string | undefined;
  /** Speak TLS: with a certificate made at start (true), or with PEM files. */
  readonly tls: boolean | TlsFiles;
  readonly issuers: readonly IssuerConfiguration[];
};

export type TlsFiles = { readonly cert_file: string; readonly key_file: string };

export type IssuerInput = Partial<
  Omit<IssuerConfiguration, 'lifetimes' | 'refresh_token_rotation' | 'resources'>
> & {
  readonly lifetimes?: Partial<Lifetimes> | undefined;
  readonly refresh_token_rotation?:
    Partial<IssuerConfiguration['refresh_token_rotation']> | undefined;
  readonly resources?:
    | readonly (Pick<ResourceConfiguration, 'resource'> & Partial<ResourceConfiguration>)[]
    | undefined;
};

/** The shape of the file: settings at the top hold for every issuer that does not have its own. */
export type ConfigurationInput = Omit<IssuerInput, 'path'> & {
  readonly port?: number | undefined;
  readonly auto_approve?: string | undefined;
  readonly tls?: boolean | TlsFiles | undefined;
  readonly issuers?: readonly (IssuerInput & { readonly path: string })[] | undefined;
};

const minute = 60;
const hour = 60 * minute;
const day = 24 * hour;

const defaultLifetimes: Lifetimes = {
  access_token: 30 * minute,
  authorization_code: minute,
  device_code: 10 * minute,
  id_token: hour,
  refresh_token: 14 * day,
  session: day,
};

export const protectedResourcePath = '/protected';

const defaultResource: ResourceConfiguration = {
  resource: protectedResourcePath,
  scopes: ['read', 'write'],
  token_format: 'jwt',
};

export function effectiveConfiguration(input: ConfigurationInput = {}): ServeConfiguration {
  const issuers = input.issuers ?? [{ path: '' }];
  return {
    port: input.port ?? 0,
    tls: input.tls ?? false,
    ...(input.auto_approve === undefined ? {} : { auto_approve: input.auto_approve }),
    issuers: issuers.map((issuer) => effectiveIssuer({ ...input, ...issuer })),
  };
}

function effectiveIssuer(input: IssuerInput): IssuerConfiguration {
  const secretFile = input.signing_secret_file;
  return {
    path: input.path ?? '',
    clients: (input.clients ?? []).map(effectiveClient),
    users: input.users ?? [{ username: 'alice' }],
    resources: effectiveResources(input.resources ?? []),
    lifetimes: { ...defaultLifetimes, ...input.lifetimes },
    refresh_token_rotation: { enabled: true, grace_period: 0, ...input.refresh_token_rotation },
    dpop_nonce: input.dpop_nonce ?? 'optional',
    device_interval: input.device_interval ?? 5,
    registration: input.registration ?? true,
    authorization_details_types: input.authorization_details_types ?? [
      'account_information',
      'payment_initiation',
    ],
    ...(secretFile === undefined ? {} : { signing_secret_file: secretFile }),
  };
}

/** The first is what tokens are for that no `resource` parameter was sent for. */
function effectiveResources(
  resources: NonNullable<IssuerInput['resources']>,
): readonly ResourceConfiguration[] {
  const own = resources.map((resource) => ({ ...defaultResource, ...resource }));
  const hasProtected = own.some(({ resource }) => resource === protectedResourcePath);
  return hasProtected ? own : [defaultResource, ...own];
}

/** Without redirect URIs it is a service that gets tokens for itself; with them, people log in through it. */
export function effectiveClient(client: ClientConfiguration): ClientConfiguration {
  const { redirect_uris = [], client_secret, token_endpoint_auth_method } = client;
  const interactive = Array.isArray(redirect_uris) && redirect_uris.length > 0;
  const method =
    token_endpoint_auth_method ?? (client_secret === undefined ? 'none' : 'client_secret_basic');
  const forItself = method === 'none' ? [] : ['client_credentials'];
  return {
    token_endpoint_auth_method: method,
    redirect_uris,
    grant_types: interactive ? ['authorization_code', 'refresh_token', ...forItself] : forItself,
    response_types: interactive || grantsOf(client).includes('authorization_code') ? ['code'] : [],
    ...client,
  };
}

function grantsOf(client: ClientConfiguration): readonly unknown[] {
  const { grant_types } = client;
  return Array.isArray(grant_types) ? (grant_types as readonly unknown[]) : [];
}
