import { describe, expect, it } from '@jest/globals';
import { OrderedIds, firstIdAt } from './ordered-ids.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (ms: number) => new Date(noon.getTime() + ms);

describe('Ordered ids', () => {
  it('are in order of time, and within a millisecond in order of creation', () => {
    const ids = new OrderedIds();
    const made = [0, 0, 0, 1, 1, 2, 1000, 86_400_000].map((ms) => ids.next(after(ms)));
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('can be separated into those before and after an instant', () => {
    const before = new OrderedIds().next(after(-1));
    const at = new OrderedIds().next(noon);
    expect([before < firstIdAt(noon), at < firstIdAt(noon)]).toEqual([true, false]);
    expect(at > firstIdAt(new Date(0))).toBe(true);
  });

  it('differ between two processes', () => {
    const made = Array.from({ length: 1000 }, () => new OrderedIds().next(noon));
    expect(new Set(made).size).toBe(1000);
  });
});
