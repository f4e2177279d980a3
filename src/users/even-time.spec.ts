import { describe, expect, it } from '@jest/globals';
import { EvenTime } from './even-time.js';

describe('Even time', () => {
  it('is the longest of late', () => {
    const times = new EvenTime();
    expect(times.note(50)).toBe(0);
    expect(times.note(20)).toBe(30);
    expect(times.note(70)).toBe(0);
    expect(times.note(50)).toBe(20);
  });

  it('forgets what is a hundred verifications ago', () => {
    const times = new EvenTime();
    times.note(500);
    for (let count = 1; count < 100; count += 1) expect(times.note(60)).toBe(440);
    expect(times.note(60)).toBe(0);
    expect(times.note(50)).toBe(10);
  });
});
