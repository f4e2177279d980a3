import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { newFolder } from '../../test/support/server.js';
import { setText } from '../../test/support/tallies.js';
import { SqliteDatabase } from '../storage/sql/sqlite.database.js';
import { SqlThrottleStore } from '../storage/sql/sql.throttle-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSignInSource } from '../testing/samples.js';
import { type Account, type SignInSource, GuessThrottle } from './guess-throttle.js';
import { MemoryTextTable } from './memory.text-table.js';
import { MemoryThrottleStore } from './memory.throttle-store.js';
import type { Change, TextEntry } from './text-table.js';
import { TextThrottleStore } from './text-throttle-store.js';
import { ThrottleOptions } from './throttle-options.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const ann: Account = { key: 'ann@example.com', userId: 'ann' };

/** Records the writes. */
class WatchedTable extends MemoryTextTable {
  readonly writes: TextEntry[] = [];

  override change<T>(subject: string, begin: () => Change<T>, now: Date): Promise<T> {
    const { writes } = this;
    const watched = function* (): Change<T> {
      const end = yield* begin();
      writes.push(...end.writes);
      return end;
    };
    return super.change(subject, watched, now);
  }
}

describe('The throttle of guesses', () => {
  let clock: FakeClock;
  let throttle: GuessThrottle;

  beforeEach(() => {
    clock = new FakeClock();
    throttle = new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions());
  });

  /** A throttle whose texts the test can read and set. */
  const watch = () => {
    const table = new WatchedTable();
    throttle = new GuessThrottle(new TextThrottleStore(table), clock, new ThrottleOptions());
    return table;
  };

  /** Unlimited addresses, each in another /24, so that no network limit applies. */
  let addresses = 0;
  const fromElsewhere = () =>
    aSignInSource({ ip: `${10 + ((addresses += 1) >> 16)}.${(addresses >> 8) & 255}.${addresses & 255}.1` });
  const guess = async (isRight = false, source: SignInSource = fromElsewhere(), account = ann) =>
    (await throttle.begin(account, source)).record(isRight);
  const guesses = async (count: number, ...rest: Parameters<typeof guess>) => {
    let counted = 0;
    for (let made = 0; made < count; made += 1) counted += Number(await guess(...rest));
    return counted;
  };
  /** Guesses while a guess counts, and waits out every delay. */
  const guessPatiently = async (source: () => SignInSource, patience: number) => {
    let counted = 0;
    for (let made = 0, refused = 0; refused < 3; clock.advance(patience)) {
      if ((made += 1) > 200) throw new Error('It never comes to an end.');
      const counts = await guess(false, source());
      counted += Number(counts);
      refused = counts ? 0 : refused + 1;
    }
    return counted;
  };

  describe('at an account', () => {
    it('delays attempts from the fifth failure on, twice as long each time', async () => {
      expect(await guesses(5)).toBe(5);
      for (const seconds of [1, 2, 4, 8]) {
        clock.advance(seconds * SECOND - 1);
        expect(await guess(true)).toBe(false);
        clock.advance(1);
        expect(await guess()).toBe(true);
      }
    });

    it('counts no more parallel guesses than sequential ones', async () => {
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => guess()));
      expect(outcomes.filter(Boolean)).toHaveLength(5);
    });

    it('lets its owner sign in from any network 15 minutes after 30 failures', async () => {
      for (let made = 0; made < 30; made += 1) {
        expect(await guess(false, aSignInSource())).toBe(true);
        clock.advance(15 * MINUTE);
      }
      for (const source of [aSignInSource(), fromElsewhere()]) expect(await guess(true, source)).toBe(true);
    });

    it('lets unknown clients of one /24 or /48 fail 34 times in eight hours, and its owner sign in from another', async () => {
      for (const address of [(n: number) => `192.0.2.${n}`, (n: number) => `2001:db8:1:${n}::${n}`]) {
        let made = 0;
        const counted = await guessPatiently(() => aSignInSource({ ip: address((made += 1)) }), 15 * MINUTE);
        // In the eight hours that it takes, half a failure drains.
        expect(counted).toBe(34);
        expect(await guess(true, fromElsewhere())).toBe(true);
        await throttle.reset(ann);
      }
    });

    it('lets unknown clients of all networks fail 50 times, and once more every 14.4 hours', async () => {
      expect(await guessPatiently(fromElsewhere, 15 * MINUTE)).toBe(50);
      expect(await guess(true)).toBe(false);
      clock.advance(30 * DAY);
      expect(await guess(true)).toBe(true);
      expect(await guessPatiently(fromElsewhere, 15 * MINUTE)).toBe(50);
    });

    it('ends the delays after a success', async () => {
      await guesses(5);
      clock.advance(SECOND);
      expect(await guess(true)).toBe(true);
      expect(await guesses(10)).toBe(5);
    });

    it('gives unknown clients no more guesses after a success', async () => {
      let counted = 0;
      for (let round = 0; round < 30; round += 1) {
        counted += await guesses(4);
        await guess(true);
      }
      expect(counted).toBe(50);
    });

    it('counts by user, independent of the login', async () => {
      for (let made = 0; made < 5; made += 1)
        expect(await guess(false, fromElsewhere(), { key: `ann-${made}@example.com`, userId: 'ann' })).toBe(
          true,
        );
      expect(await guess(true, fromElsewhere(), { key: 'new@example.com', userId: 'ann' })).toBe(false);
      expect(await guess(true, fromElsewhere(), { key: 'ann-0@example.com', userId: 'ben' })).toBe(true);
    });

    it('knows a network by user, independent of the login', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      await guess(true, home);
      await guesses(10);
      expect(await guess(true, home, { key: 'new@example.com', userId: 'ann' })).toBe(true);
      expect(await guess(true, home, { key: 'ann@example.com', userId: 'ben' })).toBe(true);
      await guesses(10, false, fromElsewhere(), { key: 'ann@example.com', userId: 'ben' });
    });

    it.each<[string, SignInSource]>([
      ['from a network that they signed in from', aSignInSource({ ip: '192.0.2.7' })],
      [
        'by a browser that presents a session token of theirs',
        aSignInSource({ ip: '198.51.100.1', tokenOwner: 'ann' }),
      ],
    ])(
      'lets its owner sign in %s within 15 seconds, in spite of failures of unknown clients',
      async (_, owner) => {
        await guess(true, aSignInSource({ ip: '192.0.2.7' }));
        await guessPatiently(fromElsewhere, 15 * MINUTE);
        expect(await guess(true)).toBe(false);
        expect(await guess(true, owner)).toBe(true);
        await guesses(20, false, owner);
        expect(await guess(true, owner)).toBe(false);
        clock.advance(15 * SECOND);
        expect(await guess(true, owner)).toBe(true);
      },
    );

    it('knows a network for 90 days after the last sign-in from it', async () => {
      const home = aSignInSource({ ip: '2001:db8::1' });
      const neighbour = aSignInSource({ ip: '2001:db8::2' });
      await guess(true, home);
      clock.advance(80 * DAY);
      await guess(true, home);
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      clock.advance(80 * DAY);
      expect(await guess(true, neighbour)).toBe(true);
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      clock.advance(91 * DAY);
      await guesses(5);
      expect(await guess(true, home)).toBe(false);
    });

    it('deletes the counter of a login without an account after a day', async () => {
      const nobody = { key: 'nobody@example.com', userId: null };
      await guesses(5, false, aSignInSource(), nobody);
      clock.advance(DAY - 1);
      expect(await guesses(2, false, aSignInSource(), nobody)).toBe(1);
      clock.advance(DAY);
      expect(await guesses(10, false, aSignInSource(), nobody)).toBe(5);
    });

    it('keeps the delay of unknown clients while the owner mistypes', async () => {
      await guess(true, aSignInSource({ ip: '192.0.2.7' }));
      await guesses(5);
      expect(await guess(false, aSignInSource({ ip: '192.0.2.7' }))).toBe(true);
      expect(await guess(true)).toBe(false);
    });

    it('ignores the token of another user or of no user', async () => {
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      expect(await guess(true, aSignInSource({ tokenOwner: 'ben' }))).toBe(false);
      const nobody = { key: 'nobody@example.com', userId: null };
      await guesses(5, false, fromElsewhere(), nobody);
      expect(await guess(true, aSignInSource({ tokenOwner: null }), nobody)).toBe(false);
    });

    it('deletes all failures on reset', async () => {
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      await throttle.reset(ann);
      expect(await guess(true)).toBe(true);
    });

    it('does not know a network by a sign-in in the future', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      clock.advance(400 * DAY);
      await guess(true, home);
      clock.advance(-400 * DAY);
      await guesses(5);
      expect(await guess(true, home)).toBe(false);
    });

    it('knows a network that an earlier version stored by login', async () => {
      const table = watch();
      const digest = hash('sha256', ann.key, 'base64url').slice(0, 22);
      const until = new Date(clock.now().getTime() + 90 * DAY);
      await setText(table, `known:${digest}:192.0.2.7`, String(clock.now().getTime()), until, clock.now());
      await guesses(5);
      expect(await guess(true, aSignInSource({ ip: '192.0.2.8' }))).toBe(false);
      expect(await guess(true, aSignInSource({ ip: '192.0.2.7' }))).toBe(true);
    });

    it('knows a network for one account only', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      await guess(true, home, { key: 'ben@example.com', userId: 'ben' });
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      expect(await guess(true, home)).toBe(false);
    });

    it('does not know a network after a right password that did not count', async () => {
      await guesses(5);
      const nextDoor = aSignInSource({ ip: '192.0.2.8' });
      expect(await guess(true, nextDoor)).toBe(false);
      expect(await guess(true, nextDoor)).toBe(false);
    });

    it('counts accounts separately', async () => {
      await guesses(10);
      expect(await guess(true, fromElsewhere(), { key: 'ben@example.com', userId: 'ben' })).toBe(true);
    });
  });

  describe('for a network', () => {
    /** Each guess is at another account. */
    const spray = async (ip: string, count: number) => {
      for (let made = 0; made < count; made += 1)
        await guess(false, aSignInSource({ ip }), { key: `nobody-${made}@example.com`, userId: null });
    };
    const refusal = (retryAfter: number) => ({ code: 'too_many_attempts', retryAfter });

    it('refuses attempts after 50 failures, until ten minutes have passed', async () => {
      await spray('203.0.113.7', 1);
      clock.advance(MINUTE);
      await spray('203.0.113.7', 49);
      await expect(guess(true, aSignInSource({ ip: '203.0.113.7' }))).rejects.toMatchObject(refusal(540));
      expect(await guess(true, aSignInSource({ ip: '203.0.113.8' }))).toBe(true);
      clock.advance(9 * MINUTE);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
    });

    it('counts an IPv4 address with and without its mapping, and a /64 of IPv6, as one', async () => {
      await spray('203.0.113.7', 25);
      await spray('::ffff:203.0.113.7', 25);
      await expect(guess(true, aSignInSource({ ip: '203.0.113.7' }))).rejects.toMatchObject(refusal(600));
      for (let host = 1; host <= 50; host += 1) await spray(`2001:db8::${host}`, 1);
      await expect(guess(true, aSignInSource({ ip: '2001:db8::ffff:1' }))).rejects.toMatchObject(
        refusal(600),
      );
      expect(await guess(true, aSignInSource({ ip: '2001:db8:0:1::1' }))).toBe(true);
    });

    it.each<[string, number, (index: number) => string, string, string]>([
      ['an IPv4 /24', 200, (index) => `203.0.113.${index}`, '203.0.113.250', '203.0.112.1'],
      ['an IPv6 /56', 100, (index) => `2001:db8:0:${index}::1`, '2001:db8:0:ff::1', '2001:db8:0:100::1'],
      [
        'an IPv6 /48',
        200,
        (index) => `2001:db8:0:${(index + 1).toString(16)}00::1`,
        '2001:db8:0:ffff::1',
        '2001:db8:1::1',
      ],
    ])('counts %s, with a limit of %i', async (_, limit, address, inside, outside) => {
      for (let index = 0; index < limit - 1; index += 1) await spray(address(index), 1);
      expect(await guess(true, aSignInSource({ ip: inside }))).toBe(true);
      await spray(address(limit - 1), 1);
      await throttle.reset(ann);
      const ben = { key: 'ben@example.com', userId: 'ben' };
      await expect(guess(true, aSignInSource({ ip: inside }), ben)).rejects.toMatchObject(refusal(600));
      expect(await guess(true, aSignInSource({ ip: outside }), ben)).toBe(true);
    });

    it('does not refuse clients that the account knows', async () => {
      await guess(true, aSignInSource({ ip: '203.0.113.7' }));
      await spray('203.0.113.7', 50);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.8' }))).toBe(true);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7', tokenOwner: 'ann' }))).toBe(true);
    });

    it('does not refuse other networks because of the failures of one /48', async () => {
      throttle = new GuessThrottle(
        new MemoryThrottleStore(),
        clock,
        new ThrottleOptions({ failuresPerServer: 100 }),
      );
      for (let index = 0; index < 200; index += 1) await spray(`2001:db8:0:${index}::1`, 1);
      await spray('203.0.113.7', 10);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
    });

    it('has a tenth of its limit while the limit of the server is reached; known clients are not limited', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      await guess(true, home);
      for (let index = 0; index < 999; index += 1) await spray(fromElsewhere().ip!, 1);
      // The first of these is the 1,000th.
      await spray('203.0.113.7', 4);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
      await throttle.reset(ann);
      await spray('203.0.113.7', 1);
      await expect(
        guess(true, aSignInSource({ ip: '203.0.113.7' }), { key: 'ben', userId: 'ben' }),
      ).rejects.toMatchObject(refusal(600));
      await spray('192.0.2.7', 5);
      expect(await guess(true, home)).toBe(true);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7', tokenOwner: 'ann' }))).toBe(true);
      for (let made = 0; made < 5; made += 1) expect(await guess(made === 4)).toBe(true);
      clock.advance(10 * MINUTE);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
    });
  });

  describe('with options', () => {
    const told = (options: Partial<ThrottleOptions>) => {
      throttle = new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions(options));
    };

    it('counts nothing where it is switched off', async () => {
      told({ enabled: false });
      expect(await guesses(100, false, aSignInSource())).toBe(100);
      expect(await guess(true, aSignInSource())).toBe(true);
    });

    it('refuses a network after failuresPerNetwork failures', async () => {
      told({ failuresPerNetwork: 2 });
      await guesses(2, false, aSignInSource());
      await expect(guess(false, aSignInSource())).rejects.toMatchObject({ code: 'too_many_attempts' });
      await guesses(4);
    });

    it('slows all networks after failuresPerServer failures, down to one failure each', async () => {
      told({ failuresPerNetwork: 2, failuresPerServer: 4 });
      await guesses(4);
      const source = fromElsewhere();
      expect(await guess(true, source, { key: 'ben', userId: 'ben' })).toBe(true);
      const eve = { key: 'eve', userId: 'eve' };
      expect(await guess(false, fromElsewhere(), eve)).toBe(true);
      expect(await guess(false, source, eve)).toBe(true);
      await expect(guess(true, source, eve)).rejects.toMatchObject({ code: 'too_many_attempts' });
    });
  });

  describe('at its store', () => {
    let table: WatchedTable;

    beforeEach(() => {
      table = watch();
    });

    const writesOf = async (work: () => Promise<unknown>) => {
      const before = table.writes.length;
      await work();
      return table.writes.length - before;
    };

    it('reads once at the beginning of an attempt, and records its outcome in one step', async () => {
      const [read, change] = [jest.spyOn(table, 'read'), jest.spyOn(table, 'change')];
      const calls = () => {
        const counts = [read.mock.calls.length, change.mock.calls.length];
        read.mockClear();
        change.mockClear();
        return counts;
      };
      for (const isRight of [true, false]) {
        const attempt = await throttle.begin(ann, aSignInSource());
        expect(calls()).toEqual([1, 0]);
        await attempt.record(isRight);
        expect(calls()).toEqual([0, 1]);
        await throttle.checkCode('setup', isRight, null);
        expect(calls()).toEqual([1, 1]);
      }
      await (await throttle.beginToken('ann', null)).fail();
      expect(calls()).toEqual([1, 1]);
      await throttle.reset(ann);
      expect(calls()).toEqual([0, 1]);
    });

    it('does not change the counter of the server while its limit is reached', async () => {
      throttle = new GuessThrottle(
        new TextThrottleStore(table),
        clock,
        new ThrottleOptions({ failuresPerServer: 3 }),
      );
      for (const writes of [3, 3, 3, 2, 2]) expect(await writesOf(() => guess())).toBe(writes);
      clock.advance(10 * MINUTE);
      expect(await writesOf(() => guess())).toBe(3);
    });

    it('writes one account counter and two network counters at a failure, also if it does not count', async () => {
      expect(await writesOf(() => guess())).toBe(3);
      await guesses(5);
      expect(await writesOf(() => guess())).toBe(3);
    });

    it('records once a day that a network is known', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      expect(await writesOf(() => guess(true, home))).toBe(2);
      clock.advance(DAY - 1);
      expect(await writesOf(() => guess(true, home))).toBe(1);
      clock.advance(1);
      expect(await writesOf(() => guess(true, home))).toBe(2);
    });
  });

  describe('with a text that it cannot read', () => {
    const texts = [
      '',
      'forgiven',
      '{}',
      'null',
      '[]',
      '0',
      '1 x',
      '1767268800000 3',
      '"text"',
      '{"inARow":3,"today":3,"dayBegan":0,"delayedUntil":{"stranger":0,"network":0,"browser":0}}',
      '{"since":0,"counts":[]}',
      '{"since":0,"counts":{"all":"many"}}',
      '{"since":1e300,"counts":{}}',
      '{"stranger":{"level":1',
    ];
    let warn: jest.SpiedFunction<Logger['warn']>;

    beforeEach(() => {
      warn = jest.spyOn(Logger.prototype, 'warn').mockImplementation(() => {});
    });
    afterEach(() => warn.mockRestore());

    it.each(texts)('counts as if there was none, and says so once: %j', async (text) => {
      const table = watch();
      const home = aSignInSource({ ip: '192.0.2.7' });
      const account = { key: 'ann@example.com', userId: `ann ${text}` };
      const attempt = async () => {
        expect(await guess(true, home, account)).toBe(true);
        expect(await guess(false, home, account)).toBe(true);
        expect(await throttle.checkCode('setup', true, home.ip)).toBe(true);
        expect(await throttle.checkCode('setup', false, home.ip)).toBe(false);
        await (await throttle.beginToken(account.userId, home.ip)).fail();
      };
      await attempt();
      const keys = new Set(table.writes.map(({ key }) => key));
      expect(keys.size).toBe(5);
      expect(warn).not.toHaveBeenCalled();
      const now = clock.now();
      for (let round = 0; round < 2; round += 1) {
        for (const key of keys) await setText(table, key, text, new Date(now.getTime() + 50), now);
        await attempt();
        for (const key of keys) expect(await table.read([key], now)).not.toEqual([text]);
      }
      expect(warn.mock.calls.filter(([line]) => String(line).includes('guesses:'))).toHaveLength(1);
    });

    it('does not know a network by it', async () => {
      for (const text of ['', ' ', '0x1', '1e3', '-1', 'null', '99999999999999999999']) {
        const table = watch();
        await guess(true, aSignInSource());
        const known = table.writes.find(({ key }) => key.startsWith('known:'))!;
        await setText(table, known.key, text, new Date(clock.now().getTime() + DAY), clock.now());
        await guesses(5);
        expect(await guess(true, aSignInSource())).toBe(false);
      }
    });
  });

  describe('for one-time tokens', () => {
    const attempt = async (ip: string, userId: string | null = null) =>
      (await throttle.beginToken(userId, ip)).fail();

    it('refuses a network that failed 50 times, by tokens and passwords together', async () => {
      for (let made = 0; made < 25; made += 1) await attempt('203.0.113.7');
      await guesses(25, false, aSignInSource({ ip: '203.0.113.7' }));
      const refused = { code: 'too_many_attempts', retryAfter: 600 };
      for (const user of [null, 'ann'])
        await expect(attempt('203.0.113.7', user)).rejects.toMatchObject(refused);
      await attempt('203.0.113.8');
      clock.advance(10 * MINUTE);
      await attempt('203.0.113.7');
    });

    it('does not refuse a network that the user signed in from, and counts nothing for the account', async () => {
      await guess(true, aSignInSource({ ip: '203.0.113.7' }));
      for (let made = 0; made < 60; made += 1) await attempt('203.0.113.7', 'ann');
      await expect(attempt('203.0.113.7', 'ben')).rejects.toMatchObject({ code: 'too_many_attempts' });
      expect(await guess(true)).toBe(true);
    });

    it('counts nothing where it is switched off', async () => {
      throttle = new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions({ enabled: false }));
      for (let made = 0; made < 100; made += 1) await attempt('203.0.113.7');
      for (let made = 0; made < 100; made += 1)
        expect(await throttle.checkCode('setup', made === 99, '203.0.113.7')).toBe(made === 99);
    });
  });

  describe('for a code', () => {
    const attempt = (isRight: boolean, ip = fromElsewhere().ip) => throttle.checkCode('setup', isRight, ip);
    const refusal = (retryAfter: number) => ({ code: 'too_many_attempts', retryAfter });

    it('delays all clients after five failures, for right and wrong codes, at most 15 minutes', async () => {
      for (let made = 0; made < 5; made += 1) expect(await attempt(false)).toBe(false);
      for (const isRight of [true, false]) await expect(attempt(isRight)).rejects.toMatchObject(refusal(1));
      let failures = 5;
      for (let tries = 0; tries < 24 * 60; tries += 1, clock.advance(MINUTE))
        failures += await attempt(false).then(
          () => 1,
          () => 0,
        );
      expect(failures).toBeLessThan(120);
      clock.advance(15 * MINUTE);
      expect(await attempt(true)).toBe(true);
      for (let made = 0; made < 5; made += 1) expect(await attempt(false)).toBe(false);
    });

    it('counts no more parallel attempts than sequential ones', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => attempt(false)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    });

    it('refuses a network that has reached its limit', async () => {
      for (let made = 0; made < 50; made += 1) await attempt(false, '203.0.113.7').catch(() => {});
      clock.advance(MINUTE);
      await expect(attempt(true, '203.0.113.7')).rejects.toMatchObject(refusal(540));
      expect(await attempt(true)).toBe(true);
    });

    it('counts codes separately', async () => {
      for (let made = 0; made < 5; made += 1) await attempt(false);
      expect(await throttle.checkCode('other', true, fromElsewhere().ip)).toBe(true);
    });
  });

  it('counts together with other processes', async () => {
    const file = `${newFolder()}/coatcheck.db`;
    const databases = [await SqliteDatabase.open(file, 10_000), await SqliteDatabase.open(file, 10_000)];
    const throttles = databases.map(
      (database) => new GuessThrottle(new SqlThrottleStore(database), clock, new ThrottleOptions()),
    );
    const attempts = await Promise.all(
      Array.from({ length: 100 }, (_, index) => throttles[index % 2]!.begin(ann, fromElsewhere())),
    );
    const outcomes = await Promise.all(attempts.map((attempt) => attempt.record(false)));
    expect(outcomes.filter(Boolean)).toHaveLength(5);
    const query = { accounts: [], networks: ['192.0.2.1'] } as const;
    const { ofServer } = await new SqlThrottleStore(databases[0]!).read(query, clock.now());
    expect(ofServer).toMatchObject({ counts: { all: 100 } });
    await Promise.all(databases.map((database) => database.close()));
  });
});
