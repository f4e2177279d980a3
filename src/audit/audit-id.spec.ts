import { describe, expect, it } from '@jest/globals';
import { AuditIds, firstIdAt, isAuditId } from './audit-id.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (ms: number) => new Date(noon.getTime() + ms);

describe('The ids of events', () => {
  it('are in the order of time, and within a millisecond in that of their making', () => {
    const ids = new AuditIds();
    const made = [0, 0, 0, 1, 1, 2, 1000, 86_400_000].map((ms) => ids.next(after(ms)));
    expect(made.toSorted()).toEqual(made);
    expect(new Set(made).size).toBe(made.length);
  });

  it('are told from each other by what comes before and after an instant', () => {
    const before = new AuditIds().next(after(-1));
    const at = new AuditIds().next(noon);
    expect([before < firstIdAt(noon), at < firstIdAt(noon)]).toEqual([true, false]);
    expect(at > firstIdAt(new Date(0))).toBe(true);
  });

  it('are of two processes never the same', () => {
    const made = Array.from({ length: 1000 }, () => new AuditIds().next(noon));
    expect(new Set(made).size).toBe(1000);
  });

  it.each(['', 'nonsense', '00000000-0000-4000-8000-000000000000', `${new AuditIds().next(noon)} `])(
    'are none of %j',
    (text) => {
      expect(isAuditId(text)).toBe(false);
    },
  );
});
