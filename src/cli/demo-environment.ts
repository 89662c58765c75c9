// The world of the demo: a home directory and locks in memory, so that it leaves nothing behind, and where there is
// no browser one that follows the redirects by itself (the demo's server approves without asking).

import type { Browser, Environment, Home, HttpTransport, Locks } from '../environment.ts';

export function demoEnvironment(environment: Environment): Environment {
  return {
    ...environment,
    home: memoryHome(),
    locks: freeLocks,
    browser: environment.browser.available()
      ? environment.browser
      : redirectFollower(environment.http),
  };
}

function memoryHome(): Home {
  const files = new Map<string, Uint8Array>();
  return {
    directory: 'the memory of the demo',
    read: async (name) => files.get(name) ?? null,
    write: async (name, data) => void files.set(name, data),
    remove: async (name) => files.delete(name),
    list: async (directory) =>
      [...files.keys()].filter((name) => name.startsWith(`${directory}/`)).sort(),
  };
}

/** Nobody else knows the demo's profile. */
const freeLocks: Locks = { acquire: async () => ({ release: async () => undefined }) };

function redirectFollower(http: HttpTransport): Browser {
  const follow = async (url: string): Promise<void> => {
    const response = await http.send({
      method: 'GET',
      url: new URL(url),
      headers: [['Host', new URL(url).host]],
    });
    await response.body[Symbol.asyncIterator]().return?.();
    const location = response.headers.find(([name]) => name.toLowerCase() === 'location')?.[1];
    if (location !== undefined) await follow(new URL(location, url).href);
  };
  return {
    available: () => true,
    open: async (url) => {
      // The last answer comes only after the login is through; a failure shows there, as a wait that ends.
      follow(url).catch(() => undefined);
      return true;
    },
  };
}
