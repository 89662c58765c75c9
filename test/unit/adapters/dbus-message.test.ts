// The D-Bus wire format against bytes written down from the specification, and against damaged ones.

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeMessage,
  encodeMethodCall,
  messageLength,
} from '../../../src/adapters/keychain/dbus/dbus-message.ts';
import { readerOf, readValues } from '../../../src/adapters/keychain/dbus/dbus-decode.ts';
import { encodeValues } from '../../../src/adapters/keychain/dbus/dbus-encode.ts';
import type { DBusValue } from '../../../src/adapters/keychain/dbus/dbus-types.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

/** Signature, values, little-endian bytes. */
const encodings: [signature: string, values: DBusValue[], bytes: string][] = [
  ['y', [0x2a], '2a'],
  ['yu', [1, 2], '01 000000 02000000'],
  ['bb', [true, false], '01000000 00000000'],
  ['s', ['foo'], '03000000 666f6f00'],
  ['s', ['é'], '02000000 c3a900'],
  ['so', ['+', '/a'], '01000000 2b00 0000 02000000 2f6100'],
  ['g', ['a{sv}'], '05 617b73767d 00'],
  ['ay', [hex('0102ff')], '03000000 0102ff'],
  ['as', [[]], '00000000'],
  ['as', [['a', 'b']], '0e000000 01000000 6100 0000 01000000 6200'],
  // The padding in front of the first struct belongs to no length.
  ['a(u)', [[]], '00000000 00000000'],
  ['a(yu)', [[[1, 2]]], '08000000 00000000 01 000000 02000000'],
  ['a{ss}', [[['k', 'v']]], '0e000000 00000000 01000000 6b00 0000 01000000 7600'],
  ['v', [{ signature: 's', value: 'x' }], '01 73 00 00 01000000 7800'],
  ['v', [{ signature: 'ao', value: ['/'] }], '02 616f 00 06000000 01000000 2f00'],
];

describe('D-Bus values', () => {
  it.each(encodings)(
    '%s of %j becomes the bytes of the specification',
    (signature, values, bytes) => {
      expect(encodeValues(signature, values).toString('hex')).toBe(bytes.replaceAll(' ', ''));
    },
  );

  it.each(encodings)('%s of %j comes back from them', (signature, values, bytes) => {
    expect(readValues(readerOf(hex(bytes), true), signature)).toEqual(values);
  });

  it('are read in the other byte order too', () => {
    const bytes = hex('00000003 666f6f00 00000001 00000003 0102ff');
    const values = ['foo', true, hex('0102ff')];
    expect(readValues(readerOf(bytes, false), 'sbay')).toEqual(values);
  });

  it.each<[what: string, signature: string, values: DBusValue[]]>([
    ['a string with NUL', 's', ['a\0b']],
    ['too few values', 'ss', ['a']],
    ['a signature that is cut off', 'a{s', [[]]],
    ['a type that is not known', 'h', [0]],
  ])('refuse to encode %s', (_what, signature, values) => {
    expect(() => encodeValues(signature, values)).toThrow(RangeError);
  });

  it.each([
    ['a string longer than the message', 's', 'ffffff7f 61'],
    ['an array longer than the message', 'as', '00ffff00 01000000 6100'],
    ['bytes longer than the message', 'ay', '10000000 00'],
    ['an array of empty structs', 'a()', '01000000 00000000'],
    ['an array of empty pairs', 'a{}', '01000000 00000000'],
    ['an array of nothing in odd brackets', 'a(}', '01000000 00000000'],
    ['a type that is not known', 'x', '0000000000000000'],
    ['a variant without a type', 'v', '00 00'],
    ['variants nested without end', 'v', '017600'.repeat(100)],
  ])('refuse to decode %s', (_what, signature, bytes) => {
    expect(() => readValues(readerOf(hex(bytes), true), signature)).toThrow(RangeError);
  });
});

describe('D-Bus messages', () => {
  const call = {
    destination: 'org.example',
    path: '/p',
    interface: 'org.example.I',
    member: 'M',
    signature: 's',
    body: ['x'],
  };

  it('a method call carries what it is sent to and its body', () => {
    const bytes = encodeMethodCall(7, call);
    const expected = [
      '6c010001 06000000 07000000 57000000',
      '01016f00 02000000 2f7000 0000000000',
      '02017300 0d000000 6f72672e6578616d706c652e4900 0000',
      '03017300 01000000 4d00 000000000000',
      '06017300 0b000000 6f72672e6578616d706c6500 00000000',
      '08016700 017300 00',
      '01000000 7800',
    ];
    expect(bytes).toEqual(hex(expected.join('')));
    expect(messageLength(bytes)).toBe(bytes.length);
    const message = decodeMessage(bytes);
    expect(message).toMatchObject({ type: 'call', path: '/p', member: 'M' });
    expect(message.interface).toBe('org.example.I');
    expect(message.body()).toEqual(['x']);
  });

  it('an error reply names the call and the error', () => {
    const fields: DBusValue[] = [
      [4, { signature: 's', value: 'org.example.Error' }],
      [5, { signature: 'u', value: 7 }],
      [8, { signature: 'g', value: 's' }],
    ];
    const header = encodeValues('yyyyuua(yv)', [0x6c, 3, 0, 1, 8, 9, fields]);
    const padding = Buffer.alloc((8 - (header.length % 8)) % 8);
    const message = decodeMessage(Buffer.concat([header, padding, encodeValues('s', ['why'])]));
    expect(message).toMatchObject({
      type: 'error',
      errorName: 'org.example.Error',
      replySerial: 7,
    });
    expect(message.body()).toEqual(['why']);
  });

  it('the length is known from 16 bytes on, and neither before nor when it is absurd', () => {
    const bytes = encodeMethodCall(1, call);
    expect(messageLength(bytes.subarray(0, 15))).toBeUndefined();
    expect(messageLength(bytes.subarray(0, 16))).toBe(bytes.length);
    expect(() => messageLength(hex('6c010001 ffffff7f 01000000 00000000'))).toThrow(RangeError);
    expect(() => messageLength(Buffer.from('HTTP/1.1 400 Bad Request'))).toThrow(RangeError);
  });

  it('a damaged message is refused or read, never anything else', () => {
    const bytes = Buffer.from(encodeMethodCall(1, { ...call, signature: 'a{sv}', body: [[]] }));
    const damage = fc.array(fc.tuple(fc.nat(bytes.length - 1), fc.nat(255)), { minLength: 1 });
    fc.assert(
      fc.property(damage, (changes) => {
        const damaged = Buffer.from(bytes);
        for (const [offset, value] of changes) damaged[offset] = value;
        try {
          decodeMessage(damaged).body();
        } catch (error) {
          expect(error).toBeInstanceOf(RangeError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});
