// Which hosts count as this machine (RFC 8252 §7.3, RFC 6761 §6.3). A leaf: it imports nothing.

/**
 * What a parsed URL's host says: `literal` for 127.0.0.0/8 and ::1 in any notation, `name` for `localhost` and names
 * under it, which are loopback only when what is connected to is (the HTTP transport sees to that), otherwise `no`.
 */
export function isLoopbackHost(url: URL): 'literal' | 'name' | 'no' {
  // URL parsing has already turned 2130706433, 0x7f.1, full-width digits and the like into dotted decimals.
  const host = url.hostname;
  if (/^127\.\d+\.\d+\.\d+$/.test(host)) return 'literal';
  if (host === '[::1]' || /^\[::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4}\]$/.test(host)) return 'literal';
  return host === 'localhost' || host.endsWith('.localhost') ? 'name' : 'no';
}
