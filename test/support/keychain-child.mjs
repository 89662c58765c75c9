// Makes one call on the built keychain adapter in a process of its own, which must then end by itself.
// Arguments: a JSON object {platform?, call, arguments?}; a text too long for an argument comes on stdin as '-'.
// Prints {result} or, with exit 8 as the command line does, {error}.

import { readFileSync } from 'node:fs';
import { createOsKeychain } from '../../dist/adapters/keychain/os-keychain.js';

const { platform = 'linux', call, arguments: given = [] } = JSON.parse(process.argv[2]);
const keychain = createOsKeychain({ platform, variables: process.env });
const values = given.map((value) => (value === '-' ? readFileSync(0, 'utf8') : value));
if (call === 'unlock') values.push(new AbortController().signal);
try {
  const result = await keychain[call](...values);
  process.stdout.write(JSON.stringify({ result: result ?? null }));
} catch (error) {
  const { name, code, reason, message, hint } = error;
  process.stdout.write(JSON.stringify({ error: { name, code, reason, message, hint } }));
  process.exitCode = code === 'store_unavailable' ? 8 : 1;
}
