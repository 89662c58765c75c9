// Translates what node:http, node:net and node:tls throw; the only place that knows their codes.

import { CliError } from '../../errors.ts';

type Translation = readonly [message: string, hint?: string];

/** What is wrong with the server's certificate, by the code that OpenSSL or Node gives it. */
const certificateFaults: Readonly<Record<string, string>> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'is self-signed',
  SELF_SIGNED_CERT_IN_CHAIN: 'is signed by an untrusted authority',
  UNABLE_TO_GET_ISSUER_CERT: 'is signed by an untrusted authority',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'is signed by an untrusted authority',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'is signed by an untrusted authority',
  CERT_UNTRUSTED: 'is signed by an untrusted authority',
  INVALID_CA: 'is signed by an untrusted authority',
  CERT_HAS_EXPIRED: 'has expired',
  CERT_NOT_YET_VALID: 'is not valid yet',
  CERT_REVOKED: 'has been revoked',
  ERR_TLS_CERT_ALTNAME_INVALID: 'is for another host',
  HOSTNAME_MISMATCH: 'is for another host',
};

const tlsCode = /^(EPROTO|ERR_SSL_|ERR_TLS_|ERR_OSSL_)/;

const trustHint =
  'if you trust that authority, name a file with its certificate in NODE_EXTRA_CA_CERTS';

/**
 * The error of one exchange with `url` as one that users understand. A CliError passes through, and so does what is
 * a bug and not the network.
 * @returns CliError `network`, `timeout` or `usage`
 */
export function translateHttpError(error: unknown, url: URL): unknown {
  if (error instanceof CliError || !(error instanceof Error)) return error;
  const code = codeOf(error);
  if (code === undefined || isMisuse(code)) return error;
  if (code === 'ETIMEDOUT') {
    return new CliError('timeout', `no connection to ${url.host}: timed out`, {
      cause: bare(error),
    });
  }
  const [message, hint] = describe(code, url);
  return new CliError('network', message, { hint, cause: bare(error) });
}

function codeOf(error: Error & { code?: unknown }): string | undefined {
  if (error instanceof AggregateError) {
    // One error per address; an address family that this machine does not have says nothing about the server.
    const codes = error.errors.map((one: unknown) =>
      one instanceof Error ? codeOf(one) : undefined,
    );
    return codes.find((code) => code !== undefined && !localFaults.has(code)) ?? codes[0];
  }
  return typeof error.code === 'string' ? error.code : undefined;
}

function isMisuse(code: string): boolean {
  return code.startsWith('ERR_') && !tlsCode.test(code) && code !== 'ERR_STREAM_PREMATURE_CLOSE';
}

const localFaults: ReadonlySet<string> = new Set([
  'ENETUNREACH',
  'EHOSTUNREACH',
  'EADDRNOTAVAIL',
  'EAFNOSUPPORT',
]);

function describe(code: string, url: URL): Translation {
  const { host } = url;
  const fault = Object.hasOwn(certificateFaults, code) ? certificateFaults[code] : undefined;
  if (fault !== undefined) return describeCertificate(fault, host);
  if (code.startsWith('HPE_')) return describeMalformed(code, url);
  switch (code) {
    case 'ENOTFOUND':
      return [
        `the host ${url.hostname} was not found`,
        'check the spelling and the network connection',
      ];
    case 'EAI_AGAIN':
      return [`the name server did not answer for ${url.hostname}`, 'check the network connection'];
    case 'ECONNREFUSED':
      return [`${host} refused the connection`, 'check the port, and that the server is running'];
    case 'ECONNRESET':
    case 'EPIPE':
    case 'ERR_STREAM_PREMATURE_CLOSE':
      return [`${host} closed the connection before the response was complete`];
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
    case 'EADDRNOTAVAIL':
      return [`there is no route to ${host} (${code})`, 'check the network connection or the VPN'];
    default:
      return tlsCode.test(code)
        ? [`the TLS handshake with ${host} failed (${code})`, 'check that this is an https port']
        : [`the exchange with ${host} failed (${code})`];
  }
}

function describeCertificate(fault: string, host: string): Translation {
  const message = `the certificate of ${host} ${fault}`;
  if (fault === 'has expired' || fault === 'is not valid yet') {
    return [message, "check this machine's clock; otherwise the server's owner has to renew it"];
  }
  if (fault === 'is for another host') return [message, 'check the spelling of the host'];
  return fault === 'has been revoked' ? [message] : [message, trustHint];
}

function describeMalformed(code: string, url: URL): Translation {
  if (code === 'HPE_HEADER_OVERFLOW') return [`the headers of ${url.host} are larger than 64 KB`];
  const message = `${url.host} answered with malformed HTTP (${code})`;
  return url.protocol === 'http:' ? [message, 'check that this is not an https port'] : [message];
}

/** Node hangs raw response bytes and certificates on its errors. */
function bare(error: Error): Error {
  const copy = new Error(error.message);
  if (error.stack !== undefined) copy.stack = error.stack;
  return copy;
}
