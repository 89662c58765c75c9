import { describe, expect, it } from 'vitest';
import type { Profile } from '../../../src/profile/profile.ts';
import { checkProfileName } from '../../../src/profile/profile.ts';
import { profileFromJson, profileToJson } from '../../../src/profile/profile-json.ts';

const profile: Profile = {
  name: 'work',
  issuer: 'https://as.example/t1/',
  clientId: 'mine',
  clientAuthentication: 'client_secret_basic',
  registered: true,
  idTokenSignedResponseAlg: 'ES256',
  redirectUri: 'http://127.0.0.1/cb/0',
  scope: 'openid',
  resources: ['https://api.example/v1'],
  allowedOrigins: ['https://api.example'],
  store: 'plaintext',
  storeKey: '0123456789abcdef01234567',
  issuerInResponse: true,
};

function throughText(value: Profile): Profile | string {
  return profileFromJson(value.name, JSON.parse(JSON.stringify(profileToJson(value))));
}

describe('a profile in config.json', () => {
  it('comes back as it was', () => {
    expect(throughText(profile)).toEqual(profile);
  });

  it('comes back without what it has not', () => {
    const bare = {
      ...profile,
      idTokenSignedResponseAlg: undefined,
      scope: undefined,
      resources: [],
      allowedOrigins: [],
      registered: false,
      issuerInResponse: false,
    };
    expect(throughText(bare)).toEqual(bare);
  });

  it('CONF-05: is told by JSON pointer for every member of a wrong type', () => {
    const members = Object.keys(profileToJson(profile));
    expect(members).toHaveLength(12);
    for (const member of members) {
      for (const wrong of [7, null, {}, [7], member === 'registered' ? 'x' : undefined]) {
        const json = { ...profileToJson(profile), [member]: wrong };
        const optional = ['scope', 'id_token_signed_response_alg'].includes(member);
        const result = profileFromJson('work', json);
        if (wrong === undefined && optional) expect(result).toMatchObject({ name: 'work' });
        else expect(result).toMatch(new RegExp(`^/profiles/work/${member}: expected `));
      }
    }
  });

  it.each([null, 7, 'x', [], true])('CONF-05: %j is no profile', (value) => {
    expect(profileFromJson('work', value)).toBe('/profiles/work: expected an object');
  });

  it.each(['../0', '0'.repeat(23), 'A'.repeat(24), '0'.repeat(24) + '/', ''])(
    'STORE-11: the store key %j is refused, since it becomes part of a file name',
    (key) => {
      const json = { ...profileToJson(profile), store_key: key };
      expect(profileFromJson('work', json)).toMatch(/store_key: expected/);
    },
  );
});

describe('a profile name', () => {
  it.each(['work', '127.0.0.1:8080', 'as.example', 'a@b+c-d_e', 'Ünal', '日本', 'x'.repeat(100)])(
    '%s is good',
    (name) => {
      expect(checkProfileName(name)).toBe(name);
    },
  );

  it.each([
    '',
    '-a',
    '.a',
    'a b',
    'a/b',
    '..',
    'a\n',
    'a\0',
    'a\u202eb',
    '$(id)',
    '__proto__',
    'x'.repeat(101),
  ])('STORE-11: %j is refused', (name) => {
    expect(() => checkProfileName(name)).toThrow(/a profile name has up to 100/);
  });
});
