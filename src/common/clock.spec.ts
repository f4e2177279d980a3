import { describe, expect, it } from '@jest/globals';
import { NEVER, SystemClock, earlier, endOrNull, later } from './clock.js';

describe('Time', () => {
  it('comes from the system clock', () => {
    const before = Date.now();
    const now = new SystemClock().now().getTime();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('has no end after the year 9999', () => {
    const last = new Date('9999-12-31T23:59:59.999Z');
    expect(later(new Date(0), 1000)).toEqual(new Date(1000));
    expect(later(new Date(0), last.getTime())).toEqual(last);
    for (const ms of [last.getTime() + 1, 9e6 * 86_400_000, 1e300, Infinity])
      expect(later(new Date(0), ms)).toEqual(NEVER);
    expect(later(NEVER, 1)).toEqual(NEVER);
    expect(endOrNull(last)).toEqual(last);
    for (const ms of [last.getTime() + 1, NEVER.getTime()]) expect(endOrNull(new Date(ms))).toBeNull();
  });

  it('begins in 1970', () => {
    expect(earlier(new Date(5000), 1000)).toEqual(new Date(4000));
    for (const ms of [6000, 999_999_999 * 86_400_000, Infinity])
      expect(earlier(new Date(5000), ms)).toEqual(new Date(0));
  });
});
