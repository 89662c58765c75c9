// Where oidc-provider keeps its sessions, grants, codes, tokens and clients: one map, gone when the process ends.

import type { Adapter, AdapterPayload } from 'oidc-provider';

type Entry = {
  readonly model: string;
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
};

/** Makes the adapter of one model, such as `Session` or `RefreshToken`. */
export type MemoryStore = ((model: string) => Adapter) & {
  /** What is there of a model and has not expired, oldest first. */
  list(model: string): readonly { readonly id: string; readonly payload: AdapterPayload }[];
  /** The grant and everything that was issued under it. */
  revokeGrant(grantId: string): Promise<void>;
  /** Forgets what `keep` does not want to keep. */
  forget(keep: (model: string) => boolean): void;
};

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

  const revokeByGrantId = (grantId: string) => {
    for (const [key, entry] of entries) {
      if (grantBound.has(entry.model) && entry.payload.grantId === grantId) entries.delete(key);
    }
  };

  const store = (model: string): Adapter => ({
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
    revokeByGrantId: async (grantId) => revokeByGrantId(grantId),
  });
  return Object.assign(store, {
    list: (model: string) =>
      [...entries].flatMap(([key, entry]) =>
        entry.model === model && entry.expiresAt > Date.now()
          ? [{ id: key.slice(model.length + 1), payload: entry.payload }]
          : [],
      ),
    async revokeGrant(grantId: string) {
      entries.delete(`Grant:${grantId}`);
      revokeByGrantId(grantId);
    },
    forget(keep: (model: string) => boolean) {
      for (const [key, { model }] of entries) if (!keep(model)) entries.delete(key);
    },
  });
}
