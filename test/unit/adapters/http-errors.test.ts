import { expect, it } from 'vitest';
import { translateHttpError } from '../../../src/adapters/http/http-errors.ts';
import { CliError } from '../../../src/errors.ts';

const url = new URL('https://api.example:8443/path?token=canary');

const table: [code: string, expected: string, message: string][] = [
  ['ENOTFOUND', 'network', 'the host api.example was not found'],
  ['EAI_AGAIN', 'network', 'the name server did not answer for api.example'],
  ['ECONNREFUSED', 'network', 'api.example:8443 refused the connection'],
  [
    'ECONNRESET',
    'network',
    'api.example:8443 closed the connection before the response was complete',
  ],
  ['EHOSTUNREACH', 'network', 'there is no route to api.example:8443 (EHOSTUNREACH)'],
  ['ENETUNREACH', 'network', 'there is no route to api.example:8443 (ENETUNREACH)'],
  ['ETIMEDOUT', 'timeout', 'no connection to api.example:8443: timed out'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'network', 'the certificate of api.example:8443 is self-signed'],
  [
    'SELF_SIGNED_CERT_IN_CHAIN',
    'network',
    'the certificate of api.example:8443 is signed by an untrusted authority',
  ],
  [
    'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
    'network',
    'the certificate of api.example:8443 is signed by an untrusted authority',
  ],
  ['CERT_HAS_EXPIRED', 'network', 'the certificate of api.example:8443 has expired'],
  ['CERT_NOT_YET_VALID', 'network', 'the certificate of api.example:8443 is not valid yet'],
  ['CERT_REVOKED', 'network', 'the certificate of api.example:8443 has been revoked'],
  [
    'ERR_TLS_CERT_ALTNAME_INVALID',
    'network',
    'the certificate of api.example:8443 is for another host',
  ],
  [
    'ERR_SSL_WRONG_VERSION_NUMBER',
    'network',
    'the TLS handshake with api.example:8443 failed (ERR_SSL_WRONG_VERSION_NUMBER)',
  ],
  [
    'HPE_INVALID_CONSTANT',
    'network',
    'api.example:8443 answered with malformed HTTP (HPE_INVALID_CONSTANT)',
  ],
  ['HPE_HEADER_OVERFLOW', 'network', 'the headers of api.example:8443 are larger than 64 KB'],
  ['EMFILE', 'network', 'the exchange with api.example:8443 failed (EMFILE)'],
];

it.each(table)('NET-07: translates %s', (code, expected, message) => {
  expect(translateHttpError(coded(code), url)).toMatchObject({ code: expected, message });
});

it('NET-08: of one error per address, reports the one that is about the server', () => {
  const error = new AggregateError([coded('ENETUNREACH'), coded('ECONNREFUSED')]);
  expect(translateHttpError(error, url)).toMatchObject({
    message: 'api.example:8443 refused the connection',
  });
  const unreachable = new AggregateError([coded('EHOSTUNREACH'), coded('ENETUNREACH')]);
  expect(translateHttpError(unreachable, url)).toMatchObject({
    message: 'there is no route to api.example:8443 (EHOSTUNREACH)',
  });
});

it('SEC-06: keeps only message and stack of the error it translates', () => {
  const error = Object.assign(coded('HPE_INVALID_CONSTANT'), { rawPacket: 'canary' });
  const translated = translateHttpError(error, url) as CliError;
  expect(Object.keys(translated.cause as Error)).toEqual([]);
});

it('passes on what is ours, and what is a bug', () => {
  const ours = new CliError('usage', 'x');
  const bug = new TypeError('x');
  const misuse = coded('ERR_INVALID_ARG_TYPE');
  for (const error of [ours, bug, misuse, 'text'])
    expect(translateHttpError(error, url)).toBe(error);
});

function coded(code: string): Error {
  return Object.assign(new Error(`something ${code}`), { code });
}
