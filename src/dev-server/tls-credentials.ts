// The certificate that the server shows: none, one made at start, or the one of the configuration.

import { readFileSync } from 'node:fs';
import type { ServeConfiguration } from './configuration.ts';
import { DevServerError } from './dev-server-error.ts';
import { makeSelfSignedCertificate, type TlsCredentials } from './self-signed-certificate.ts';

/** @throws DevServerError `configuration` for a file that cannot be read */
export function readTlsCredentials(tls: ServeConfiguration['tls']): TlsCredentials | null {
  if (tls === false) return null;
  if (tls === true) return makeSelfSignedCertificate(new Date());
  return { cert: read('tls.cert_file', tls.cert_file), key: read('tls.key_file', tls.key_file) };
}

function read(setting: string, file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (cause) {
    const { code = 'unknown error' } = cause as NodeJS.ErrnoException;
    throw new DevServerError('configuration', `cannot read ${setting} ${file} (${code})`, {
      cause,
    });
  }
}
