// Stores in files of the home directory, one per key: `plaintext` as it is, `file` sealed under a passphrase.
// Each file carries a checksum, so that damage is never taken for a secret.

import type { Environment } from '../environment.ts';
import { StoreError } from '../errors.ts';
import { JsonError, readJsonObject, readUtf8 } from '../strict-json.ts';
import { unlessDamaged } from './profile-secrets.ts';
import type { SecretStore } from './secret-store.ts';

const version = 1;
const directory = 'secrets';

type Encoding = {
  readonly suffix: string;
  encode(key: string, secret: string): Promise<string>;
  /** Null when the body is damaged. @throws StoreError when it cannot be read without being damaged */
  decode(key: string, body: string): Promise<string | null>;
};

export function plaintextStore(environment: Environment): SecretStore {
  return fileStore(environment, {
    suffix: 'json',
    encode: async (_key, secret) => secret,
    decode: async (_key, body) => body,
  });
}

/** @see RFC 7914 for the derivation of the key */
export function sealedStore(environment: Environment): SecretStore {
  const { sealing } = environment;
  const encoding: Encoding = {
    suffix: 'sealed',
    encode: async (key, secret) => sealing.seal(await environment.passphrase(), secret, key),
    decode: async (key, body) => {
      const opened = await sealing.open(await environment.passphrase(), body, key);
      if (opened === 'wrong_passphrase') throw wrongPassphrase();
      return opened === 'damaged' ? null : opened.text;
    },
  };
  const store = fileStore(environment, encoding);
  return {
    ...store,
    async probe() {
      await environment.passphrase();
      // One passphrase for all: whoever mistypes it here would not find the other logins again.
      const files = await environment.home.list(directory);
      const key = files.find((name) => name.endsWith('.sealed'))?.slice(0, -'.sealed'.length);
      if (key !== undefined) await unlessDamaged(() => store.find(key));
      await store.probe();
    },
  };
}

function fileStore(environment: Environment, encoding: Encoding): SecretStore {
  const { home } = environment;
  const file = (key: string) => `${directory}/${key}.${encoding.suffix}`;
  return {
    async find(key) {
      const bytes = await home.read(file(key));
      if (bytes === null) return null;
      const body = readBody(environment, bytes, file(key));
      const secret = body === null ? null : await encoding.decode(key, body);
      if (secret === null) throw await setAside(environment, file(key), bytes);
      return secret;
    },
    async save(key, secret) {
      const body = await encoding.encode(key, secret);
      const text = JSON.stringify({ version, sha256: checksum(environment, body), body });
      await home.write(file(key), new TextEncoder().encode(text));
    },
    delete: (key) => home.remove(file(key)),
    async probe() {
      await home.write(`${directory}/probe`, new Uint8Array());
      await home.remove(`${directory}/probe`);
    },
  };
}

/** Null when the file is damaged. @throws StoreError for a file that a newer oauth-cli wrote */
function readBody(environment: Environment, bytes: Uint8Array, name: string): string | null {
  try {
    const {
      version: found,
      sha256,
      body,
    } = readJsonObject(readUtf8(bytes), { maxStringLength: 8 * 1024 * 1024 });
    if (typeof found === 'number' && Number.isInteger(found) && found > version)
      throw newer(environment, name);
    const good =
      found === version && typeof body === 'string' && sha256 === checksum(environment, body);
    return good ? body : null;
  } catch (error) {
    if (error instanceof JsonError) return null;
    throw error;
  }
}

/** The damaged file under another name, so that the next login works and nothing is lost. */
async function setAside(
  environment: Environment,
  name: string,
  bytes: Uint8Array,
): Promise<StoreError> {
  const time = new Date(environment.clock.now()).toISOString().replaceAll(/[:.]/g, '-');
  const aside = `${name}.corrupt-${time}`;
  await environment.home.write(aside, bytes);
  await environment.home.remove(name);
  return new StoreError(
    'corrupt',
    `${name} was damaged and has been moved to ${environment.home.directory}/${aside}`,
    {
      hint: 'log in again; other profiles are not affected',
    },
  );
}

function checksum(environment: Environment, text: string): string {
  return [...environment.sha256(text)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

function newer({ home }: Environment, name: string): StoreError {
  return new StoreError('failed', `${home.directory}/${name} was written by a newer oauth-cli`, {
    hint: 'use that version; the file was left as it is',
  });
}

function wrongPassphrase(): StoreError {
  return new StoreError('locked', 'the passphrase of the file store is wrong', {
    hint: 'check OAUTH_CLI_PASSPHRASE or --passphrase-file',
  });
}
