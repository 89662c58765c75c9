// The certificate that a client showed in the TLS handshake (RFC 8705).

import { createHash, X509Certificate } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';

export function clientCertificate({
  socket,
}: Pick<IncomingMessage, 'socket'>): X509Certificate | null {
  if (!(socket instanceof TLSSocket)) return null;
  const raw = socket.getPeerCertificate().raw as Buffer | undefined;
  return raw === undefined ? null : new X509Certificate(raw);
}

/** `x5t#S256` of RFC 8705 §3.1; null without a certificate. */
export function clientCertificateThumbprint(
  request: Pick<IncomingMessage, 'socket'>,
): string | null {
  const certificate = clientCertificate(request);
  if (certificate === null) return null;
  return createHash('sha256').update(certificate.raw).digest('base64url');
}
