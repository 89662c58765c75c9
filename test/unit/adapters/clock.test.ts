import { describe, expect, it } from 'vitest';
import { createClock } from '../../../src/adapters/clock.ts';
import { createRandom } from '../../../src/adapters/random.ts';

const clock = createClock();

describe('the clock', () => {
  it('tells the time since 1970 in milliseconds', () => {
    const before = Date.now();
    expect(clock.now()).toBeGreaterThanOrEqual(before);
    expect(clock.now()).toBeLessThan(before + 60_000);
  });

  it('sleeps as long as the monotonic clock says', async () => {
    const start = clock.monotonic();
    await clock.sleep(20);
    // Node's timers may fire within the last millisecond.
    expect(clock.monotonic() - start).toBeGreaterThanOrEqual(19);
  });

  it('EXIT-03: a sleep ends with the reason of its signal, also of one that came before', async () => {
    const controller = new AbortController();
    const sleep = clock.sleep(60_000, controller.signal);
    const reason = new Error('enough');
    controller.abort(reason);
    await expect(sleep).rejects.toBe(reason);
    await expect(clock.sleep(60_000, controller.signal)).rejects.toBe(reason);
  });
});

describe('random bytes', () => {
  it('come in the asked length and differ', () => {
    const { bytes } = createRandom();
    expect(bytes(0).length).toBe(0);
    const values = Array.from({ length: 1000 }, () => Buffer.from(bytes(16)).toString('hex'));
    expect(new Set(values).size).toBe(1000);
    expect(values.every((value) => value.length === 32)).toBe(true);
  });
});
