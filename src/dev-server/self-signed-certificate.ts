// A certificate for 127.0.0.1 and localhost, made at start and signed by itself (RFC 5280), in DER by hand: Node makes
// keys but no certificates.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

/** PEM, with the private key of the certificate. */
export type TlsCredentials = { readonly cert: string; readonly key: string };

export function makeSelfSignedCertificate(now: Date): TlsCredentials {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const name = sequence(set(sequence(oid('550403'), utf8('oauth-cli serve, development only'))));
  const signature = sequence(oid('2a8648ce3d040302'));
  const day = 86_400_000;
  const validity = sequence(utcTime(now.getTime() - day), utcTime(now.getTime() + 30 * day));
  const toBeSigned = sequence(
    tagged(0xa0, integer(Buffer.from([2]))),
    integer(Buffer.concat([Buffer.from([1]), randomBytes(15)])),
    signature,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    tagged(0xa3, sequence(basicConstraints(), subjectAltName())),
  );
  const bits = Buffer.concat([Buffer.from([0]), sign('sha256', toBeSigned, privateKey)]);
  const certificate = sequence(toBeSigned, signature, tagged(0x03, bits));
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? [];
  return {
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join('\n')}\n-----END CERTIFICATE-----\n`,
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  };
}

/** Critical, CA: clients trust the certificate itself. */
function basicConstraints(): Buffer {
  const yes = tagged(0x01, Buffer.from([0xff]));
  return sequence(oid('551d13'), yes, tagged(0x04, sequence(yes)));
}

function subjectAltName(): Buffer {
  const address = tagged(0x87, Buffer.from([127, 0, 0, 1]));
  const name = 'localhost';
  const host = tagged(0x82, Buffer.from(name));
  return sequence(oid('551d11'), tagged(0x04, sequence(address, host)));
}

function tagged(tag: number, content: Buffer): Buffer {
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([tag, ...size]), content]);
}

const sequence = (...parts: readonly Buffer[]): Buffer => tagged(0x30, Buffer.concat(parts));
const set = (...parts: readonly Buffer[]): Buffer => tagged(0x31, Buffer.concat(parts));
const oid = (hex: string): Buffer => tagged(0x06, Buffer.from(hex, 'hex'));
const integer = (value: Buffer): Buffer => tagged(0x02, value);
const utf8 = (text: string): Buffer => tagged(0x0c, Buffer.from(text));

function utcTime(milliseconds: number): Buffer {
  const digits = new Date(milliseconds).toISOString().replaceAll(/\D/g, '').slice(2, 14);
  return tagged(0x17, Buffer.from(`${digits}Z`));
}
