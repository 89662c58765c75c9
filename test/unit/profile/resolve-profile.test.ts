import { describe, expect, it } from 'vitest';
import type { Configuration } from '../../../src/profile/configuration.ts';
import { withoutProfile, withProfile } from '../../../src/profile/configuration.ts';
import type { Profile } from '../../../src/profile/profile.ts';
import { findProfile, requireProfile } from '../../../src/profile/resolve-profile.ts';

const named = (name: string) => ({ name }) as Profile;
const configuration = (names: string[], current?: string): Configuration => ({
  current,
  profiles: names.map(named),
});

describe('CONF-04: which profile is meant', () => {
  type Case = [
    names: string[],
    current: string | undefined,
    variable: string | undefined,
    argument: string | undefined,
    found: string,
  ];
  const cases: Case[] = [
    [['a', 'b', 'c'], 'a', 'b', 'c', 'c'],
    [['a', 'b', 'c'], 'a', 'b', undefined, 'b'],
    [['a', 'b', 'c'], 'a', '', undefined, 'a'],
    [['a', 'b', 'c'], 'b', undefined, undefined, 'b'],
    [['a'], undefined, undefined, undefined, 'a'],
    [['a'], 'gone', undefined, undefined, 'a'],
  ];

  it.each(cases)(
    'of %j, current %s, variable %j, argument %j: %s',
    (names, current, variable, argument, found) => {
      const variables = { OAUTH_CLI_PROFILE: variable };
      expect(findProfile(configuration(names, current), variables, argument)).toEqual(named(found));
    },
  );

  it('none where there is none and none was named', () => {
    expect(findProfile(configuration([]), {}, undefined)).toBeNull();
    expect(() => requireProfile(configuration([]), {}, undefined)).toThrow(
      expect.objectContaining({ code: 'login_required' }) as Error,
    );
  });

  it.each([
    [['a', 'b'], undefined, 'x', /there is no profile x/, 'there is a, b'],
    [['a', 'b'], 'a', 'A', /there is no profile A/, 'there is a, b'],
    [[], undefined, 'x', /there is no profile x/, 'log in first: oauth-cli login <issuer>'],
    [['a', 'b'], undefined, undefined, /several profiles/, 'name one of a, b with --profile'],
    [['a', 'b'], 'gone', undefined, /several profiles/, 'name one of a, b with --profile'],
  ])('of %j, current %s, %s named: a usage error', (names, current, argument, message, hint) => {
    const find = () => findProfile(configuration(names, current), {}, argument);
    expect(find).toThrow(message);
    expect(find).toThrow(expect.objectContaining({ code: 'usage', hint }) as Error);
  });
});

describe('a changed configuration', () => {
  it('has the new profile once, as the current one', () => {
    const { current, profiles } = withProfile(configuration(['a', 'b'], 'b'), named('a'));
    expect([current, profiles.map(({ name }) => name)]).toEqual(['a', ['b', 'a']]);
  });

  it.each([
    ['a', 'b', 'b'],
    ['b', 'b', undefined],
  ])('without %s while %s is the current one has %s as the current one', (name, before, after) => {
    const { current, profiles } = withoutProfile(configuration(['a', 'b'], before), name);
    expect(current).toBe(after);
    expect(profiles).toHaveLength(1);
  });
});
