// The server on TLS, and mutual TLS with it (RFC 8705), with curl as the client.

import { execFile } from 'node:child_process';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { decodeJwt } from 'jose';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeSelfSignedCertificate } from '../../src/dev-server/self-signed-certificate.ts';
import { startDevServer, type DevServer } from '../../src/dev-server/start.ts';

const run = promisify(execFile);
const directory = mkdtempSync(path.join(tmpdir(), 'oauth-cli-tls-'));
const file = (name: string) => path.join(directory, name);

let server: DevServer;

beforeAll(async () => {
  for (const name of ['mine', 'other']) {
    const { cert, key } = makeSelfSignedCertificate(new Date());
    writeFileSync(file(`${name}.pem`), cert);
    writeFileSync(file(`${name}.key`), key);
  }
  server = await startDevServer({
    configuration: {
      tls: true,
      clients: [
        {
          client_id: 'mtls',
          token_endpoint_auth_method: 'tls_client_auth',
          tls_client_auth_subject_dn: 'CN=oauth-cli serve\\, development only',
          tls_client_certificate_bound_access_tokens: true,
        },
      ],
    },
  });
  writeFileSync(file('ca.pem'), server.certificate ?? '');
});
afterAll(async () => {
  await server.close();
  rmSync(directory, { recursive: true });
});

async function curl(...args: string[]): Promise<Record<string, string>> {
  const { stdout } = await run('curl', ['-sS', '-m', '10', '--cacert', file('ca.pem'), ...args]);
  return JSON.parse(stdout) as Record<string, string>;
}

const certificate = (name: string) => ['--cert', file(`${name}.pem`), '--key', file(`${name}.key`)];

describe('TLS', () => {
  it('shows a certificate that curl verifies, for 127.0.0.1 and localhost', async () => {
    const url = `${server.issuer}/.well-known/oauth-authorization-server`;
    expect(await curl(url)).toMatchObject({
      issuer: expect.stringMatching(/^https:\/\/127\.0\.0\.1:/),
    });
    const x509 = new X509Certificate(server.certificate!);
    expect(x509.subjectAltName).toBe('IP Address:127.0.0.1, DNS:localhost');
    expect(x509.verify(x509.publicKey)).toBe(true);
  });

  it('authenticates a client by its certificate, and binds its tokens to it', async () => {
    const form = ['-d', 'grant_type=client_credentials&client_id=mtls'];
    const { access_token = '' } = await curl(
      ...certificate('mine'),
      ...form,
      `${server.issuer}/token`,
    );
    const { cnf } = decodeJwt(access_token);
    expect(cnf).toHaveProperty('x5t#S256');
    const header = ['-H', `Authorization: Bearer ${access_token}`, server.protectedResource];
    expect(await curl(...certificate('mine'), ...header)).toMatchObject({ sub: 'mtls' });
    for (const other of [[], certificate('other')]) {
      expect((await curl(...other, ...header))['error_description']).toContain(
        'another client certificate',
      );
    }
    expect((await curl(...form, `${server.issuer}/token`))['error']).toBe('invalid_client');
  });

  it.each([
    [
      'a file that is not there',
      'missing.pem',
      /cannot read tls\.cert_file .*missing\.pem \(ENOENT\)/,
    ],
    ['a file that is no certificate', 'mine.key', /the TLS certificate or its key is not usable/],
  ])('says what is wrong with %s', async (_, name, message) => {
    const tls = { cert_file: file(name), key_file: file('mine.key') };
    await expect(startDevServer({ configuration: { tls } })).rejects.toThrow(message);
  });
});
