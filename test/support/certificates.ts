// Certificates for tests, made anew each time with the openssl program.

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type Credentials = { readonly key: string; readonly cert: string };

export type Certificates = {
  /** PEM of the authority that signed all but `selfSigned`. */
  readonly ca: string;
  /** For 127.0.0.1 and localhost. */
  readonly good: Credentials;
  readonly expired: Credentials;
  readonly otherHost: Credentials;
  readonly selfSigned: Credentials;
};

export function makeCertificates(): Certificates {
  const directory = mkdtempSync(path.join(tmpdir(), 'oauth-cli-certificates-'));
  const file = (name: string): string => path.join(directory, name);
  const openssl = (...args: string[]): void =>
    void execFileSync('openssl', args, { stdio: 'pipe' });
  const newKey = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const selfSign = (name: string, subject: string): Credentials => {
    openssl(
      'req',
      '-x509',
      ...newKey,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.pem`),
      '-subj',
      subject,
      '-days',
      '2',
    );
    return read(name);
  };
  const sign = (name: string, names: string, days: string): Credentials => {
    writeFileSync(file(`${name}.ext`), `subjectAltName=${names}\n`);
    openssl(
      'req',
      ...newKey,
      '-keyout',
      file(`${name}.key`),
      '-out',
      file(`${name}.csr`),
      '-subj',
      '/CN=server',
    );
    openssl(
      'x509',
      '-req',
      '-in',
      file(`${name}.csr`),
      '-CA',
      file('ca.pem'),
      '-CAkey',
      file('ca.key'),
      '-CAcreateserial',
      '-extfile',
      file(`${name}.ext`),
      '-days',
      days,
      '-out',
      file(`${name}.pem`),
    );
    return read(name);
  };
  const read = (name: string): Credentials => ({
    key: readFileSync(file(`${name}.key`), 'utf8'),
    cert: readFileSync(file(`${name}.pem`), 'utf8'),
  });
  try {
    return {
      ca: selfSign('ca', '/CN=oauth-cli test authority').cert,
      good: sign('good', 'IP:127.0.0.1,DNS:localhost', '2'),
      expired: sign('expired', 'IP:127.0.0.1', '-1'),
      otherHost: sign('other', 'DNS:other.example', '2'),
      selfSigned: selfSign('self', '/CN=127.0.0.1'),
    };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

/** Whether the program is there; where the tests must be complete, its absence is an error. */
export function hasOpenssl(): boolean {
  try {
    execFileSync('openssl', ['version'], { stdio: 'pipe' });
    return true;
  } catch (error) {
    if (process.env['OAUTH_CLI_TEST_REQUIRE_ALL'] === '1') throw error;
    return false;
  }
}
