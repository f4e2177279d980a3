import { beforeEach, describe, expect, it } from '@jest/globals';
import { EvenTime } from './even-time.js';

describe('EvenTime', () => {
  let times: EvenTime;

  beforeEach(() => {
    times = new EvenTime();
  });

  const note = (count: number, kind: string, took: number) => {
    for (let noted = 0; noted < count; noted += 1) times.note(kind, took);
  };

  it('delays every verification to the time of the slowest kind', () => {
    expect(times.note('dear', 50)).toBe(0);
    expect(times.note('cheap', 20)).toBe(30);
    expect(times.note('dearer', 70)).toBe(0);
    expect(times.note('dear', 50)).toBe(20);
    expect(times.note('cheap', 100)).toBe(0);
  });

  it('ignores two outliers in a hundred', () => {
    note(98, 'usual', 60);
    note(2, 'usual', 500);
    expect(times.note('usual', 50)).toBe(10);
    expect(times.note('usual', 500)).toBe(0);
    expect(times.note('usual', 50)).toBe(450);
  });

  it('forgets durations after a hundred verifications', () => {
    note(5, 'usual', 500);
    note(97, 'usual', 60);
    expect(times.note('usual', 50)).toBe(10);
  });

  it('forgets a kind that did not occur for a thousand verifications', () => {
    note(1, 'dear', 500);
    note(998, 'usual', 60);
    expect(times.note('usual', 60)).toBe(440);
    expect(times.note('usual', 60)).toBe(0);
  });
});
