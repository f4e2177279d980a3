import { describe, expect, it } from '@jest/globals';
import { type Familiarity, type Guesses, believable, judge } from './guesses.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const NOON = Date.parse('2026-01-01T12:00:00.000Z');
const AT_ONCE = { stranger: 0, network: 0, browser: 0 };

const after = (facts: Partial<Guesses>): Guesses => ({
  inARow: 0,
  today: 0,
  dayBegan: NOON,
  delayedUntil: AT_ONCE,
  ...facts,
});

describe('The judgement of a guess', () => {
  it('counts the first of an account', () => {
    expect(judge(null, 'stranger', true, NOON)).toEqual(after({}));
    expect(judge(null, 'network', false, NOON)).toEqual(
      after({ inARow: 1, today: 1, delayedUntil: { ...AT_ONCE, network: NOON } }),
    );
  });

  it.each<[Familiarity, number, number, number]>([
    ['stranger', 30, 60, 15 * MINUTE],
    ['network', 40, 80, 15 * SECOND],
    ['browser', 50, 100, 15 * SECOND],
  ])(
    'counts of a %s %i failures in a row and %i a day, and delays by %i ms at most',
    (by, inARow, aDay, most) => {
      expect(judge(after({ inARow: inARow - 1, today: aDay - 1 }), by, false, NOON)).toEqual(
        after({ inARow, today: aDay, delayedUntil: { ...AT_ONCE, [by]: NOON + most } }),
      );
      for (const isRight of [true, false]) {
        expect(judge(after({ inARow, today: aDay - 1 }), by, isRight, NOON)).toBeNull();
        expect(judge(after({ inARow: inARow - 1, today: aDay }), by, isRight, NOON)).toBeNull();
      }
    },
  );

  it('delays from the fifth failure on, by a second that doubles', () => {
    const delays = [0, 1, 2, 3, 4, 5, 6, 12, 13, 14].map((inARow) => {
      const { delayedUntil } = judge(after({ inARow }), 'stranger', false, NOON)!;
      return (delayedUntil.stranger - NOON) / SECOND;
    });
    expect(delays).toEqual([0, 0, 0, 0, 1, 2, 4, 256, 512, 900]);
  });

  it('counts nothing during the delay, of those whom it is for', () => {
    const delayed = after({ inARow: 5, delayedUntil: { ...AT_ONCE, stranger: NOON + SECOND } });
    expect(judge(delayed, 'stranger', true, NOON + SECOND - 1)).toBeNull();
    expect(judge(delayed, 'stranger', true, NOON + SECOND)).not.toBeNull();
    expect(judge(delayed, 'network', true, NOON)).not.toBeNull();
    expect(judge(delayed, 'network', false, NOON)?.delayedUntil.stranger).toBe(NOON + SECOND);
  });

  it('forgets at a success what was in a row and its delays, and not the day', () => {
    const failed = after({ inARow: 7, today: 9, delayedUntil: { ...AT_ONCE, network: NOON + DAY } });
    expect(judge(failed, 'stranger', true, NOON + MINUTE)).toEqual(after({ today: 9 }));
  });

  it('counts each day from its first guess, and what is in a row for ever', () => {
    const failed = after({ inARow: 7, today: 60 });
    expect(judge(failed, 'stranger', false, NOON + DAY - 1)).toBeNull();
    expect(judge(failed, 'stranger', false, NOON + DAY)).toMatchObject({
      inARow: 8,
      today: 1,
      dayBegan: NOON + DAY,
    });
  });
});

describe('Guesses that a wrong clock has noted', () => {
  it('have a day that begins now, and its count', () => {
    const noted = after({ inARow: 7, today: 60, dayBegan: NOON + 365 * DAY });
    expect(believable(noted, NOON)).toEqual(after({ inARow: 7, today: 60 }));
    expect(judge(believable(noted, NOON), 'stranger', true, NOON + DAY - 1)).toBeNull();
    expect(judge(believable(noted, NOON), 'stranger', true, NOON + DAY)).not.toBeNull();
  });

  it('have no delay that is longer than the longest one', () => {
    const longest = {
      stranger: NOON + 15 * MINUTE,
      network: NOON + 15 * SECOND,
      browser: NOON + 15 * SECOND,
    };
    expect(believable(after({ delayedUntil: longest }), NOON).delayedUntil).toEqual(longest);
    for (const by of ['stranger', 'network', 'browser'] as const)
      expect(
        believable(after({ delayedUntil: { ...longest, [by]: longest[by] + 1 } }), NOON).delayedUntil,
      ).toEqual({ ...longest, [by]: 0 });
  });
});
