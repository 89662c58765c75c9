import { describe, expect, it } from 'vitest';
import { localTime, relativeTime } from '../../../src/cli/relative-time.ts';

const start = 1_800_000_000_000;
const minute = 60_000;
const hour = 60 * minute;
const day = 24 * hour;

describe('relativeTime', () => {
  it.each([
    [0, 'now'],
    [999, 'now'],
    [-999, 'now'],
    [1000, 'in 1 second'],
    [-59_999, '59 seconds ago'],
    [minute, 'in 1 minute'],
    [-3 * minute, '3 minutes ago'],
    [hour - 1, 'in 59 minutes'],
    [hour, 'in 60 minutes'],
    [2 * hour, 'in 2 hours'],
    [-47 * hour, '47 hours ago'],
    [2 * day, 'in 2 days'],
    [-365 * day, '365 days ago'],
    [731 * day, 'in 2 years'],
    [1e300, 'in over 9999 years'],
    [-Infinity, 'over 9999 years ago'],
  ])('says of %i ms: %s', (distance, words) => {
    expect(relativeTime(start, start + distance)).toBe(words);
  });
});

describe('localTime', () => {
  it('names the same instant, in the local time zone, to the second', () => {
    for (const ms of [0, start, start + 180 * day, start + 123, -1000]) {
      const text = localTime(ms) ?? '';
      expect(text).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d[+-]\d\d:\d\d$/);
      expect(Date.parse(text)).toBe(Math.floor(ms / 1000) * 1000);
      expect(text.slice(11, 13)).toBe(String(new Date(ms).getHours()).padStart(2, '0'));
    }
  });

  it.each([8.64e15 + 1, Infinity, NaN])('has no name for %d', (ms) =>
    expect(localTime(ms)).toBeNull(),
  );
});
