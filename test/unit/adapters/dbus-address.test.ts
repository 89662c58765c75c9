// Where the session bus is looked for.

import { expect, it } from 'vitest';
import { sessionBusSockets } from '../../../src/adapters/keychain/dbus/dbus-address.ts';

it.each([
  ['unix:path=/run/bus', ['/run/bus']],
  ['unix:path=/run/bus,guid=0123456789abcdef', ['/run/bus']],
  ['unix:guid=0123,path=/run/bus', ['/run/bus']],
  ['unix:abstract=/tmp/dbus-x', ['\0/tmp/dbus-x']],
  ['unix:path=/one;unix:path=/two', ['/one', '/two']],
  ['tcp:host=127.0.0.1,port=1;unix:path=/two;', ['/two']],
  ['unix:path=/a%20b%3bc%2Cd%25', ['/a b;c,d%']],
  ['unix:path=/%c3%a9/é', ['/é/é']],
  ['unix:runtime=yes', ['/run/user/1/bus']],
  ['unix:tmpdir=/tmp', []],
  ['autolaunch:', []],
  ['nonsense', []],
  ['', ['/run/user/1/bus']],
])('the address %j leads to %j', (address, sockets) => {
  const variables = { DBUS_SESSION_BUS_ADDRESS: address, XDG_RUNTIME_DIR: '/run/user/1' };
  expect(sessionBusSockets(variables)).toEqual(sockets);
});

it('without an address the bus of the runtime directory is tried, and without that none', () => {
  expect(sessionBusSockets({ XDG_RUNTIME_DIR: '/run/user/1' })).toEqual(['/run/user/1/bus']);
  expect(sessionBusSockets({ XDG_RUNTIME_DIR: '' })).toEqual([]);
  expect(sessionBusSockets({})).toEqual([]);
});
