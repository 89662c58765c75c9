// The names of curl's command-line options (curl 7.88): those that mean something here, and the rest, which decide
// whether an abbreviation is unambiguous and are refused as not supported.

export type CurlOption = {
  /** Without dashes. */
  readonly name: string;
  readonly letter?: string;
  readonly takesValue: boolean;
};

/** The options that `request` implements. */
export const supportedOptions = [
  { name: 'data', letter: 'd', takesValue: true },
  { name: 'fail', letter: 'f', takesValue: false },
  { name: 'header', letter: 'H', takesValue: true },
  { name: 'include', letter: 'i', takesValue: false },
  { name: 'output', letter: 'o', takesValue: true },
  { name: 'request', letter: 'X', takesValue: true },
  { name: 'show-error', letter: 'S', takesValue: false },
  { name: 'silent', letter: 's', takesValue: false },
  { name: 'verbose', letter: 'v', takesValue: false },
] as const satisfies readonly CurlOption[];

/** curl's other long options; what curl lists as `no-x` is here as `x`. */
export const otherNames: readonly string[] =
  `abstract-unix-socket alpn alt-svc anyauth append aws-sigv4 basic buffer cacert capath cert cert-status cert-type
  ciphers clobber compressed compressed-ssh config connect-timeout connect-to continue-at cookie cookie-jar create-dirs
  create-file-mode crlf crlfile curves data-ascii data-binary data-raw data-urlencode delegation digest disable
  disable-eprt disable-epsv disallow-username-in-url dns-interface dns-ipv4-addr dns-ipv6-addr dns-servers
  doh-cert-status doh-insecure doh-url dump-header egd-file engine etag-compare etag-save expect100-timeout fail-early
  fail-with-body false-start form form-escape form-string ftp-account ftp-alternative-to-user ftp-create-dirs
  ftp-method ftp-pasv ftp-port ftp-pret ftp-skip-pasv-ip ftp-ssl-ccc ftp-ssl-ccc-mode ftp-ssl-control get globoff
  happy-eyeballs-timeout-ms haproxy-protocol head help hostpubmd5 hostpubsha256 hsts http0.9 http1.0 http1.1 http2
  http2-prior-knowledge http3 http3-only ignore-content-length insecure interface ipv4 ipv6 json junk-session-cookies
  keepalive keepalive-time key key-type krb libcurl limit-rate list-only local-port location location-trusted
  login-options mail-auth mail-from mail-rcpt mail-rcpt-allowfails manual max-filesize max-redirs max-time metalink
  negotiate netrc netrc-file netrc-optional next noproxy npn ntlm ntlm-wb oauth2-bearer output-dir parallel
  parallel-immediate parallel-max pass path-as-is pinnedpubkey post301 post302 post303 preproxy progress-bar
  progress-meter proto proto-default proto-redir proxy proxy-anyauth proxy-basic proxy-cacert proxy-capath proxy-cert
  proxy-cert-type proxy-ciphers proxy-crlfile proxy-digest proxy-header proxy-insecure proxy-key proxy-key-type
  proxy-negotiate proxy-ntlm proxy-pass proxy-pinnedpubkey proxy-service-name proxy-ssl-allow-beast
  proxy-ssl-auto-client-cert proxy-tls13-ciphers proxy-tlsauthtype proxy-tlspassword proxy-tlsuser proxy-tlsv1
  proxy-user proxy1.0 proxytunnel pubkey quote random-file range rate raw referer remote-header-name remote-name
  remote-name-all remote-time remove-on-error request-target resolve retry retry-all-errors retry-connrefused
  retry-delay retry-max-time sasl-authzid sasl-ir service-name sessionid socks4 socks4a socks5 socks5-basic
  socks5-gssapi socks5-gssapi-nec socks5-gssapi-service socks5-hostname speed-limit speed-time ssl ssl-allow-beast
  ssl-auto-client-cert ssl-no-revoke ssl-reqd ssl-revoke-best-effort sslv2 sslv3 stderr styled-output
  suppress-connect-headers tcp-fastopen tcp-nodelay telnet-option tftp-blksize tftp-no-options time-cond tls-max
  tls13-ciphers tlsauthtype tlspassword tlsuser tlsv1 tlsv1.0 tlsv1.1 tlsv1.2 tlsv1.3 tr-encoding trace trace-ascii
  trace-time unix-socket upload-file url url-query use-ascii user user-agent version write-out xattr`.split(
    /\s+/,
  );

/** The letters of curl's other options. */
export const otherLetters = 'aEKCbcqDFPGgIh0k46jlLMmn:NZ#xUpQreJORYy23tz1TBuAVw';
