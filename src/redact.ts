// Which headers, parameters and members are secret, and what is shown in their place. A leaf: it imports nothing.

/** Shows traffic without its secrets; every method is total and keeps what is not secret. */
export interface Redactor {
  /** `***(len=1234, sha256:0123abcd)`; a secret short enough to be guessed from its hash only `***`. */
  fingerprint(secret: string): string;
  /** The value of a header; of Authorization, the scheme stays. */
  header(name: string, value: string): string;
  /** A form body or query, without `?`. */
  form(body: string): string;
  /** A copy of a JSON value. */
  json(value: unknown): unknown;
  /** An absolute or relative URL: user name and password, query and fragment. */
  url(url: string): string;
}

const secretHeaders: ReadonlySet<string> = new Set([
  'authorization',
  'proxy-authorization',
  'cookie',
  'set-cookie',
  'dpop',
  'x-amz-security-token',
  'x-client-cert',
]);
const secretHeaderPattern =
  /token|secret|passw|api-?key|credential|session|signature|jwt|assertion|auth-?key/;
const urlHeaders: ReadonlySet<string> = new Set(['location', 'content-location', 'referer']);

/** Parameters of forms and queries, and members of JSON objects. */
const secretNames: ReadonlySet<string> = new Set([
  'access_token',
  'actor_token',
  'api_key',
  'apikey',
  'assertion',
  'auth_req_id',
  'client_assertion',
  'client_secret',
  'code',
  'code_verifier',
  'device_code',
  'id_token',
  'id_token_hint',
  'initial_access_token',
  'key',
  'login_hint_token',
  'logout_token',
  'nonce',
  'password',
  'passphrase',
  'refresh_token',
  'registration_access_token',
  'request',
  'response',
  'secret',
  'sid',
  'software_statement',
  'state',
  'subject_token',
  'token',
  'user_code',
  'verification_uri_complete',
]);

/** Members of a JWK that are private or symmetric (RFC 7518 §6). */
const privateKeyMembers: ReadonlySet<string> = new Set([
  'd',
  'p',
  'q',
  'dp',
  'dq',
  'qi',
  'oth',
  'k',
]);

const hidden = '***';
const guessableLength = 20;
const compactJose = /\beyJ[\w-]+\.[\w-]*(?:\.[\w-]*){1,3}/g;

/** `sha256Hex` hashes the UTF-8 of a string. */
export function createRedactor(sha256Hex: (text: string) => string): Redactor {
  const fingerprint = (secret: string): string =>
    secret.length < guessableLength
      ? hidden
      : `${hidden}(len=${secret.length}, sha256:${sha256Hex(secret).slice(0, 8)})`;
  // A JWT is secret wherever it turns up.
  const text = (value: string): string => value.replace(compactJose, fingerprint);
  const form = (body: string): string =>
    body
      .split('&')
      .map((pair) => redactPair(pair, fingerprint, text))
      .join('&');
  const url = (value: string): string => redactUrl(value, form, text);
  return {
    fingerprint,
    form,
    url,
    json: (value) => redactJson(value, fingerprint, text),
    header: (name, value) => redactHeader(name.toLowerCase(), value, { fingerprint, text, url }),
  };
}

type Replace = (value: string) => string;

function redactPair(pair: string, fingerprint: Replace, text: Replace): string {
  const equals = pair.indexOf('=');
  if (equals === -1) return text(pair);
  const [[name, value] = ['', '']] = new URLSearchParams(pair);
  if (!isSecretName(name)) return text(pair);
  return `${pair.slice(0, equals)}=${fingerprint(value)}`;
}

/** Whether a parameter of a form or query, or a member of a JSON object, is one to hide. */
export function isSecretName(name: string): boolean {
  return secretNames.has(name.toLowerCase());
}

function redactUrl(value: string, form: Replace, text: Replace): string {
  const [beforeFragment, fragment] = splitOnce(value, '#');
  const [address, query] = splitOnce(beforeFragment, '?');
  const withoutUser = address.replace(/^([a-z][a-z0-9+.-]*:)?([\\/]*)[^\\/]*@/i, `$1$2${hidden}@`);
  return (
    text(withoutUser) +
    (query === undefined ? '' : `?${form(query)}`) +
    (fragment === undefined ? '' : `#${form(fragment)}`)
  );
}

function splitOnce(value: string, separator: string): [string, string?] {
  const at = value.indexOf(separator);
  return at === -1 ? [value] : [value.slice(0, at), value.slice(at + 1)];
}

function redactJson(value: unknown, fingerprint: Replace, text: Replace): unknown {
  if (typeof value === 'string') return text(value);
  if (Array.isArray(value)) return value.map((one) => redactJson(one, fingerprint, text));
  if (typeof value !== 'object' || value === null) return value;
  const isKey = Object.hasOwn(value, 'kty');
  const members = Object.entries(value).map(([name, member]: [string, unknown]) => {
    const secret = isSecretName(name) || (isKey && privateKeyMembers.has(name));
    if (!secret) return [name, redactJson(member, fingerprint, text)] as const;
    return [name, typeof member === 'string' ? fingerprint(member) : hidden] as const;
  });
  return Object.fromEntries(members);
}

function redactHeader(
  name: string,
  value: string,
  replace: { fingerprint: Replace; text: Replace; url: Replace },
): string {
  if (name === 'authorization' || name === 'proxy-authorization') {
    const [scheme, credentials] = splitOnce(value.trim(), ' ');
    const known = /^(basic|bearer|digest|dpop|hoba|mutual|negotiate|ntlm)$/i.test(scheme);
    return known && credentials !== undefined
      ? `${scheme} ${replace.fingerprint(credentials.trim())}`
      : replace.fingerprint(value);
  }
  if (secretHeaders.has(name) || secretHeaderPattern.test(name)) return replace.fingerprint(value);
  return urlHeaders.has(name) ? replace.url(value) : replace.text(value);
}
