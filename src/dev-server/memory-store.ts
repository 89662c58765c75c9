// Where oidc-provider keeps its sessions, grants, codes, tokens and clients: one map, gone when the process ends.

import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
};

/** Makes the adapter of one model, such as `Session` or `RefreshToken`. */
export type MemoryStore = (model: string) => Adapter;

const writesBetweenSweeps = 1000;
const grantBound = new Set([
  'AccessToken',
  'AuthorizationCode',
  'BackchannelAuthenticationRequest',
  'DeviceCode',
  'JwtAccessToken',
  'RefreshToken',
]);

export type MemoryStoreOptions = {
  /** Seconds for which a refresh token that was rotated passes for fresh. */
  readonly refreshTokenGrace?: number;
};

export function createMemoryStore({ refreshTokenGrace = 0 }: MemoryStoreOptions = {}): MemoryStore {
  const entries = new Map<string, Entry>();
  let writes = 0;

  const read = (key: string): AdapterPayload | undefined => {
    const entry = entries.get(key);
    return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
  };
  const sweep = () => {
    for (const [key, entry] of entries) if (entry.expiresAt <= Date.now()) entries.delete(key);
  };
  const findWhere = (model: string, matches: (payload: AdapterPayload) => boolean) => {
    for (const [key, entry] of entries) {
      if (entry.model === model && matches(entry.payload)) return read(key);
    }
    return undefined;
  };

  return (model) => ({
    async upsert(id, payload, expiresIn) {
      if (++writes % writesBetweenSweeps === 0) sweep();
      const expiresAt = expiresIn === undefined ? Infinity : Date.now() + expiresIn * 1000;
      entries.set(`${model}:${id}`, { model, payload, expiresAt });
    },
    async find(id) {
      const payload = read(`${model}:${id}`);
      if (model !== 'RefreshToken' || typeof payload?.consumed !== 'number') return payload;
      const inGrace = Date.now() < (payload.consumed + refreshTokenGrace) * 1000;
      return inGrace ? { ...payload, consumed: undefined } : payload;
    },
    findByUid: async (uid) => findWhere(model, (payload) => payload.uid === uid),
    findByUserCode: async (userCode) =>
      findWhere(model, (payload) => payload.userCode === userCode),
    async consume(id) {
      const payload = read(`${model}:${id}`);
      if (payload !== undefined) payload.consumed = Math.floor(Date.now() / 1000);
    },
    async destroy(id) {
      entries.delete(`${model}:${id}`);
    },
    async revokeByGrantId(grantId) {
      for (const [key, entry] of entries) {
        if (grantBound.has(entry.model) && entry.payload.grantId === grantId) entries.delete(key);
      }
    },
  });
}
