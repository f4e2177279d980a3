import { describe, expect, it } from '@jest/globals';
import {
  type FailureCount,
  type Familiarity,
  type Guesses,
  NO_FAILURES,
  NO_GUESSES,
  codeDelayLeft,
  failureCountIn,
  guessesIn,
  evaluate,
  withFailedCode,
} from './guesses.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const NOON = Date.parse('2026-01-01T12:00:00.000Z');

/** The time in which one of the 50 failures of 30 days drains. */
const ONE = 14.4 * HOUR;

const count = (facts: Partial<FailureCount>): FailureCount => ({ ...NO_FAILURES, at: NOON, ...facts });
const guesses = (facts: Partial<Guesses>): Guesses => ({ ...NO_GUESSES, ...facts });
const stranger = (holder = 'here') => ({ familiarities: ['stranger'] as const, holder });
const only = (by: Familiarity) => ({ familiarities: [by], holder: 'here' });

/** Counters of guesses at times that the test sets. */
class Account {
  guesses: Guesses = NO_GUESSES;
  at = NOON;

  wait(ms: number): this {
    this.at += ms;
    return this;
  }

  /** Whether a guess counts. */
  guess(by: Parameters<typeof evaluate>[1], isRight = false): boolean {
    const evaluation = evaluate(this.guesses, by, isRight, new Date(this.at));
    this.guesses = evaluation.guesses;
    return evaluation.counts;
  }

  /** How many failures count at one instant; successes between them end the delays. */
  fail(by: Parameters<typeof evaluate>[1]): number {
    let counted = 0;
    while (this.guess(by)) {
      counted += 1;
      this.guess(by, true);
    }
    return counted;
  }
}

describe('The evaluation of a guess', () => {
  it('counts the first guess at an account', () => {
    expect(evaluate(NO_GUESSES, stranger(), true, new Date(NOON))).toEqual({
      counts: true,
      guesses: NO_GUESSES,
    });
    expect(evaluate(NO_GUESSES, stranger(), false, new Date(NOON))).toEqual({
      counts: true,
      guesses: guesses({ stranger: count({ level: ONE, inARow: 1 }), holders: { here: ONE } }),
    });
    expect(evaluate(NO_GUESSES, only('network'), false, new Date(NOON))).toEqual({
      counts: true,
      guesses: guesses({ network: count({ level: ONE, inARow: 1 }) }),
    });
  });

  it.each<[Familiarity, number]>([
    ['stranger', 15 * MINUTE],
    ['network', 15 * SECOND],
    ['browser', 15 * SECOND],
  ])('delays a %s from the fifth failure on, by a second that doubles up to %i ms', (by, longest) => {
    const delays = [1, 4, 5, 6, 7, 8, 14, 15, 40].map((inARow) => {
      const before = guesses({ [by]: count({ inARow }) });
      const countsAfter = (ms: number) => evaluate(before, only(by), true, new Date(NOON + ms)).counts;
      let delay = 0;
      while (!countsAfter(delay)) delay = delay === 0 ? SECOND : delay * 2 > longest ? longest : delay * 2;
      if (delay > 0) expect(countsAfter(delay - 1)).toBe(false);
      return delay / SECOND;
    });
    const most = longest / SECOND;
    expect(delays).toEqual([0, 0, 1, 2, 4, 8, 512, 900, 900].map((delay) => Math.min(delay, most)));
  });

  it('delays only sources with the same familiarity', () => {
    const before = guesses({ stranger: count({ inARow: 20 }) });
    expect(evaluate(before, only('network'), true, new Date(NOON)).counts).toBe(true);
    expect(evaluate(before, only('browser'), true, new Date(NOON)).counts).toBe(true);
    expect(evaluate(before, stranger(), true, new Date(NOON)).counts).toBe(false);
  });

  it('changes nothing if it does not count, whether it is right or wrong', () => {
    const before = guesses({ stranger: count({ inARow: 9, level: 9 * ONE }), holders: { here: 9 * ONE } });
    for (const isRight of [true, false])
      expect(evaluate(before, stranger(), isRight, new Date(NOON + SECOND))).toEqual({
        counts: false,
        guesses: before,
      });
  });

  it('ends the delays of the same familiarity after a success, and keeps the failures', () => {
    const row = count({ inARow: 9, level: 9 * ONE });
    const before = guesses({ stranger: row, network: row, holders: { here: 9 * ONE } });
    expect(evaluate(before, stranger(), true, new Date(NOON + HOUR))).toEqual({
      counts: true,
      guesses: { ...before, stranger: { ...row, inARow: 0 } },
    });
  });

  it('resets failures in a row after a day without a failure, and not before', () => {
    const before = guesses({ network: count({ inARow: 9, level: 9 * ONE }) });
    const inARowAfter = (ms: number) =>
      evaluate(before, only('network'), false, new Date(NOON + ms)).guesses.network.inARow;
    expect(inARowAfter(DAY - 1)).toBe(10);
    expect(inARowAfter(DAY)).toBe(1);
  });

  it.each<Familiarity>(['network', 'browser'])('counts 50 failures of a %s, and 50 more in 30 days', (by) => {
    const account = new Account();
    expect(account.fail(only(by))).toBe(50);
    expect(account.wait(ONE - 1).guess(only(by), true)).toBe(false);
    expect(account.wait(1).fail(only(by))).toBe(1);
    expect(account.wait(30 * DAY).fail(only(by))).toBe(50);
  });

  it('uses the best familiarity of a source that has room left', () => {
    const account = new Account();
    const owner = { familiarities: ['browser', 'network', 'stranger'] as const, holder: 'home' };
    expect(account.fail(owner)).toBe(50 + 50 + 33);
    const { browser, network, stranger: strangers } = account.guesses;
    expect([browser, network, strangers].map(({ level }) => level / ONE)).toEqual([50, 50, 33]);
  });

  it('does not lock out a known browser because of failures in a known network', () => {
    const account = new Account();
    expect(account.fail({ familiarities: ['network', 'stranger'], holder: 'home' })).toBe(83);
    expect(account.guess({ familiarities: ['browser', 'network', 'stranger'], holder: 'home' }, true)).toBe(
      true,
    );
  });

  it('leaves a third of the counter of unknown clients to other networks', () => {
    const account = new Account();
    expect(account.fail(stranger('one'))).toBe(33);
    expect(account.guess(stranger('one'), true)).toBe(false);
    expect(account.guess(stranger('other'), true)).toBe(true);
    expect(account.fail(stranger('other'))).toBe(11);
  });

  it('refuses unknown clients only after five networks have used up the counter', () => {
    const account = new Account();
    const used = ['a', 'b', 'c', 'd'].map((holder) => account.fail(stranger(holder)));
    expect(used).toEqual([33, 11, 4, 1]);
    expect(account.guess(stranger('fresh'), true)).toBe(true);
    expect(account.fail(stranger('e'))).toBe(1);
    expect(account.guess(stranger('fresh'), true)).toBe(false);
    expect(account.guess({ familiarities: ['network', 'stranger'], holder: 'home' }, true)).toBe(true);
    // One of 50 has drained.
    expect(account.wait(ONE).guess(stranger('fresh'), true)).toBe(true);
  });

  it('keeps the shares of at most 100 networks, and drops them with the failures', () => {
    const account = new Account();
    let most = 0;
    for (let made = 0; made < 400; made += 1) {
      account.wait(7 * HOUR).guess(stranger(`holder ${made}`));
      most = Math.max(most, Object.keys(account.guesses.holders).length);
    }
    expect(most).toBeGreaterThan(30);
    expect(most).toBeLessThanOrEqual(100);
    account.wait(30 * DAY).guess(stranger('last'));
    expect(Object.keys(account.guesses.holders)).toEqual(['last']);
  });
});

describe('An attacker who waits out every delay for 90 days', () => {
  const home = { familiarities: ['network', 'stranger'] as const, holder: 'home' };

  /** Milliseconds that the owner waits in an unknown network, at most an hour. */
  const waitOfOwner = ({ guesses: now, at }: Account) => {
    const account = Object.assign(new Account(), { guesses: now, at });
    while (account.at < at + HOUR && !account.guess(stranger('hotel'), true)) account.wait(MINUTE);
    return account.at - at;
  };

  /** The most failures of unknown clients in any 30 days, and the longest wait of the owner. */
  const attack = (holders: number, ownerReturns: boolean, pause: number) => {
    const account = new Account();
    const counted: number[] = [];
    let [most, longestWait] = [0, 0];
    for (let step = 0; account.at < NOON + 90 * DAY; step += 1) {
      account.wait(pause);
      if (ownerReturns && step % 24 === 0)
        for (const by of [home, stranger('hotel')]) account.guess(by, true);
      const counts = account.guess(stranger(`holder ${step % holders}`));
      if (!counts) continue;
      counted.push(account.at);
      while (counted[0]! < account.at - 30 * DAY) counted.shift();
      most = Math.max(most, counted.length);
      longestWait = Math.max(longestWait, waitOfOwner(account));
    }
    return { most, longestWait };
  };

  it.each([
    [1, false],
    [1, true],
    [5, false],
    [5, true],
    [500, false],
    [500, true],
  ])(
    'makes at most 100 guesses in any 30 days from %i networks, with the owner signing in: %s',
    (...facts) => {
      for (const pause of [15 * MINUTE, HOUR, 7 * HOUR]) {
        const { most, longestWait } = attack(...facts, pause);
        expect(most).toBeGreaterThan(80);
        expect(most).toBeLessThanOrEqual(facts[0] === 1 ? 83 : 100);
        // One network alone never makes the owner wait longer.
        if (facts[0] === 1) expect(longestWait).toBeLessThanOrEqual(15 * MINUTE);
      }
    },
  );
});

describe('Failures in a row at a code', () => {
  it('cause a delay from the fifth on, at most 15 minutes', () => {
    let failures = NO_FAILURES;
    let at = NOON;
    const delays = Array.from({ length: 200 }, () => {
      failures = failureCountIn(JSON.stringify(withFailedCode(failures, new Date(at))))!;
      const delay = codeDelayLeft(failures, new Date(at));
      at += delay;
      expect(codeDelayLeft(failures, new Date(at))).toBe(0);
      return delay / SECOND;
    });
    expect(delays.slice(0, 7)).toEqual([0, 0, 0, 0, 1, 2, 4]);
    expect(Math.max(...delays)).toBe(900);
    expect(delays.at(-1)).toBe(900);
  });
});

describe('Guesses that were recorded with a clock that is ahead', () => {
  it('drain from now on without delay, if it is more than five minutes ahead', () => {
    const ahead = count({ level: 50 * ONE, inARow: 30, at: NOON + 365 * DAY });
    const before = guesses({ stranger: ahead, network: ahead, holders: { other: 50 * ONE } });
    const refused = evaluate(before, stranger(), true, new Date(NOON));
    const kept = count({ level: 50 * ONE, inARow: 0 });
    expect(refused).toEqual({ counts: false, guesses: { ...before, stranger: kept, network: kept } });
    expect(evaluate(refused.guesses, stranger(), true, new Date(NOON + ONE)).counts).toBe(true);
    const few = guesses({ stranger: { ...ahead, level: 9 * ONE } });
    expect(evaluate(few, stranger(), true, new Date(NOON)).counts).toBe(true);
    expect(codeDelayLeft(ahead, new Date(NOON))).toBe(0);
    expect(withFailedCode(ahead, new Date(NOON))).toEqual(count({ inARow: 1 }));
  });

  it('cause a delay and do not drain twice, if it is less ahead', () => {
    const ahead = count({ level: 9 * ONE, inARow: 5, at: NOON + MINUTE });
    const before = guesses({ network: ahead });
    expect(evaluate(before, only('network'), true, new Date(NOON)).counts).toBe(false);
    const after = evaluate(
      { ...before, network: { ...ahead, inARow: 4 } },
      only('network'),
      false,
      new Date(NOON),
    );
    expect(after.guesses.network).toEqual({ level: 10 * ONE, inARow: 5, at: NOON + MINUTE });
    expect(withFailedCode(ahead, new Date(NOON)).at).toBe(NOON + MINUTE);
  });
});

describe('A text that cannot be read', () => {
  const whole = JSON.stringify(
    guesses({ stranger: count({ level: ONE, inARow: 1 }), holders: { here: ONE } }),
  );

  it('is never one that was written', () => {
    expect(guessesIn(whole)).toEqual(JSON.parse(whole));
  });

  it.each([
    '',
    'forgiven',
    '{}',
    'null',
    '[]',
    '1 x',
    whole.slice(0, -1),
    whole.replace('"inARow":1', '"inARow":-1'),
    whole.replace('"inARow":1', '"inARow":"1"'),
    whole.replace('"inARow":1', '"inARow":1.5'),
    whole.replace(/"level":\d+/, '"level":2592000001'),
    whole.replace(/"at":\d+/, '"at":8640000000000001'),
    whole.replace('"holders":{', '"holders":{"x":null,'),
    whole.replace(/"holders":\{.*?\}/, '"holders":[]'),
    whole.replace('"browser"', '"brother"'),
  ])('is parsed as null: %j', (text) => {
    expect(guessesIn(text)).toBeNull();
  });

  it.each(['', 'forgiven', '{}', 'null', '[]', '{"level":0,"inARow":1,"at":null}', '1 x'])(
    'is no count of a code: %j',
    (text) => {
      expect(failureCountIn(text)).toBeNull();
    },
  );
});
