import { describe, expect, it } from '@jest/globals';
import { NEVER, SystemClock, later } from './clock.js';

describe('Time', () => {
  it('is that of the machine', () => {
    const before = Date.now();
    const now = new SystemClock().now().getTime();
    expect(now).toBeGreaterThanOrEqual(before);
    expect(now).toBeLessThanOrEqual(Date.now());
  });

  it('ends with the last date that there is', () => {
    expect(later(new Date(0), 1000)).toEqual(new Date(1000));
    expect(later(NEVER, 1)).toEqual(NEVER);
    expect(later(new Date(0), Infinity)).toEqual(NEVER);
    expect(Number.isNaN(new Date(NEVER.getTime() + 1).getTime())).toBe(true);
  });
});
