// Where a page's form may lead, for its Content-Security-Policy.

/**
 * Browsers apply `form-action` to the redirects after a POST too, and the last one leads to the client.
 * A host that a CSP source cannot spell (IPv6 literals; `;` and `,` would end the directive) is named by its scheme.
 */
export function formTargets(redirectUri: string): readonly string[] {
  const { protocol, origin, host } = new URL(redirectUri);
  const isWeb = protocol === 'http:' || protocol === 'https:';
  return [isWeb && /^[a-z0-9.:-]+$/.test(host) ? origin : protocol];
}
