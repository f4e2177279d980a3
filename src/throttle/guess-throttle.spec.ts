import { hash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { newFolder } from '../../test/support/server.js';
import { SqliteDatabase } from '../storage/sql/sqlite.database.js';
import { SqlThrottleStore } from '../storage/sql/sql.throttle-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aSignInSource } from '../testing/samples.js';
import { type Account, type SignInSource, GuessThrottle } from './guess-throttle.js';
import { MemoryThrottleStore } from './memory.throttle-store.js';
import { ThrottleOptions } from './throttle-options.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const ann: Account = { key: 'ann@example.com', userId: 'ann' };

/** Notes what is written; while others are busy, they are always faster. */
class BusyStore extends MemoryThrottleStore {
  readonly writes: [key: string, text: string][] = [];
  othersAreBusy = false;

  override async swap(...args: Parameters<MemoryThrottleStore['swap']>): Promise<boolean> {
    const [key, , text] = args;
    this.writes.push([key, text]);
    return !this.othersAreBusy && super.swap(...args);
  }
}

describe('The throttle of guesses', () => {
  let clock: FakeClock;
  let throttle: GuessThrottle;

  beforeEach(() => {
    clock = new FakeClock();
    throttle = new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions());
  });

  /** Addresses without end, each of another /24: what one network has failed is not what is looked at. */
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
  /** Guesses as long as one counts, waiting out every delay. */
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
    it('lets four failures pass and delays from the fifth on, twice as long each time', async () => {
      expect(await guesses(5)).toBe(5);
      for (const seconds of [1, 2, 4, 8]) {
        clock.advance(seconds * SECOND - 1);
        expect(await guess(true)).toBe(false);
        clock.advance(1);
        expect(await guess()).toBe(true);
      }
    });

    it('counts no more of many guesses at once than one after another', async () => {
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => guess()));
      expect(outcomes.filter(Boolean)).toHaveLength(5);
    });

    it('lets its owner in after 15 minutes, from wherever, when 30 failures of 4.3 hours are over', async () => {
      for (let made = 0; made < 30; made += 1) {
        expect(await guess(false, aSignInSource())).toBe(true);
        clock.advance(15 * MINUTE);
      }
      for (const source of [aSignInSource(), fromElsewhere()]) expect(await guess(true, source)).toBe(true);
    });

    it('lets strangers of one /24 or /48 fail 34 times in eight hours, and the owner in from elsewhere', async () => {
      for (const address of [(n: number) => `192.0.2.${n}`, (n: number) => `2001:db8:1:${n}::${n}`]) {
        let made = 0;
        const counted = await guessPatiently(() => aSignInSource({ ip: address((made += 1)) }), 15 * MINUTE);
        // In the eight hours that it takes, half a failure drains.
        expect(counted).toBe(34);
        expect(await guess(true, fromElsewhere())).toBe(true);
        await throttle.reset(ann);
      }
    });

    it('lets strangers of all networks fail 50 times in all, and once again each 14.4 hours', async () => {
      expect(await guessPatiently(fromElsewhere, 15 * MINUTE)).toBe(50);
      expect(await guess(true)).toBe(false);
      clock.advance(30 * DAY);
      expect(await guess(true)).toBe(true);
      expect(await guessPatiently(fromElsewhere, 15 * MINUTE)).toBe(50);
    });

    it('ends the delays at a success', async () => {
      await guesses(5);
      clock.advance(SECOND);
      expect(await guess(true)).toBe(true);
      expect(await guesses(10)).toBe(5);
    });

    it('gives strangers no more guesses for a success between them', async () => {
      let counted = 0;
      for (let round = 0; round < 30; round += 1) {
        counted += await guesses(4);
        await guess(true);
      }
      expect(counted).toBe(50);
    });

    it('counts an account by its user, whatever login it has', async () => {
      for (let made = 0; made < 5; made += 1)
        expect(await guess(false, fromElsewhere(), { key: `ann-${made}@example.com`, userId: 'ann' })).toBe(
          true,
        );
      expect(await guess(true, fromElsewhere(), { key: 'new@example.com', userId: 'ann' })).toBe(false);
      expect(await guess(true, fromElsewhere(), { key: 'ann-0@example.com', userId: 'ben' })).toBe(true);
    });

    it('knows a network by a user, whatever login they have', async () => {
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
    ])('lets its owner in %s within 15 seconds, whatever strangers do', async (_, owner) => {
      await guess(true, aSignInSource({ ip: '192.0.2.7' }));
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      expect(await guess(true)).toBe(false);
      expect(await guess(true, owner)).toBe(true);
      await guesses(20, false, owner);
      expect(await guess(true, owner)).toBe(false);
      clock.advance(15 * SECOND);
      expect(await guess(true, owner)).toBe(true);
    });

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

    it('forgets a login without an account in a day', async () => {
      const nobody = { key: 'nobody@example.com', userId: null };
      await guesses(5, false, aSignInSource(), nobody);
      clock.advance(DAY - 1);
      expect(await guesses(2, false, aSignInSource(), nobody)).toBe(1);
      clock.advance(DAY);
      expect(await guesses(10, false, aSignInSource(), nobody)).toBe(5);
    });

    it('keeps strangers waiting while the owner mistypes', async () => {
      await guess(true, aSignInSource({ ip: '192.0.2.7' }));
      await guesses(5);
      expect(await guess(false, aSignInSource({ ip: '192.0.2.7' }))).toBe(true);
      expect(await guess(true)).toBe(false);
    });

    it('takes a token of somebody else, and of nobody, for none', async () => {
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

    it('does not know a network by a sign-in of the future', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      clock.advance(400 * DAY);
      await guess(true, home);
      clock.advance(-400 * DAY);
      await guesses(5);
      expect(await guess(true, home)).toBe(false);
    });

    it('knows a network that an earlier version noted by the login', async () => {
      const store = new BusyStore();
      throttle = new GuessThrottle(store, clock, new ThrottleOptions());
      const digest = hash('sha256', ann.key, 'base64url').slice(0, 22);
      const until = new Date(clock.now().getTime() + 90 * DAY);
      await store.swap(`known:${digest}:192.0.2.7`, null, String(clock.now().getTime()), until, clock.now());
      await guesses(5);
      expect(await guess(true, aSignInSource({ ip: '192.0.2.8' }))).toBe(false);
      expect(await guess(true, aSignInSource({ ip: '192.0.2.7' }))).toBe(true);
    });

    it('knows a network for one account alone', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      await guess(true, home, { key: 'ben@example.com', userId: 'ben' });
      await guessPatiently(fromElsewhere, 15 * MINUTE);
      expect(await guess(true, home)).toBe(false);
    });

    it('does not know a network where a right password did not count', async () => {
      await guesses(5);
      const nextDoor = aSignInSource({ ip: '192.0.2.8' });
      expect(await guess(true, nextDoor)).toBe(false);
      expect(await guess(true, nextDoor)).toBe(false);
    });

    it('tells accounts apart', async () => {
      await guesses(10);
      expect(await guess(true, fromElsewhere(), { key: 'ben@example.com', userId: 'ben' })).toBe(true);
    });
  });

  describe('for a network', () => {
    /** A guess at an account of its own each. */
    const spray = async (ip: string, count: number) => {
      for (let made = 0; made < count; made += 1)
        await guess(false, aSignInSource({ ip }), { key: `nobody-${made}@example.com`, userId: null });
    };
    const refusal = (retryAfter: number) => ({ code: 'too_many_attempts', retryAfter });

    it('refuses what comes after 50 failures, until ten minutes are over', async () => {
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

    it('lets those in whom the account knows', async () => {
      await guess(true, aSignInSource({ ip: '203.0.113.7' }));
      await spray('203.0.113.7', 50);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.8' }))).toBe(true);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7', tokenOwner: 'ann' }))).toBe(true);
    });

    it('refuses nobody elsewhere, however much one /48 fails', async () => {
      throttle = new GuessThrottle(
        new MemoryThrottleStore(),
        clock,
        new ThrottleOptions({ failuresPerServer: 100 }),
      );
      for (let index = 0; index < 200; index += 1) await spray(`2001:db8:0:${index}::1`, 1);
      await spray('203.0.113.7', 10);
      expect(await guess(true, aSignInSource({ ip: '203.0.113.7' }))).toBe(true);
    });

    it('has a tenth of its limit while the server has reached its own, and those who are known have none', async () => {
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

  describe('told how much to bear', () => {
    const told = (options: Partial<ThrottleOptions>) => {
      throttle = new GuessThrottle(new MemoryThrottleStore(), clock, new ThrottleOptions(options));
    };

    it('counts nothing where it is switched off', async () => {
      told({ enabled: false });
      expect(await guesses(100, false, aSignInSource())).toBe(100);
      expect(await guess(true, aSignInSource())).toBe(true);
    });

    it('refuses a network after as many failures as it is told', async () => {
      told({ failuresPerNetwork: 2 });
      await guesses(2, false, aSignInSource());
      await expect(guess(false, aSignInSource())).rejects.toMatchObject({ code: 'too_many_attempts' });
      await guesses(4);
    });

    it('slows all networks after as many failures as it is told, down to one failure each', async () => {
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
    let store: BusyStore;

    beforeEach(() => {
      store = new BusyStore();
      throttle = new GuessThrottle(store, clock, new ThrottleOptions());
    });

    const swapsOf = async (work: () => Promise<unknown>) => {
      const before = store.writes.length;
      await work();
      return store.writes.length - before;
    };

    it('writes the account and two counts at a failure, and as much where it does not count', async () => {
      expect(await swapsOf(() => guess())).toBe(3);
      await guesses(5);
      expect(await swapsOf(() => guess())).toBe(3);
    });

    it('writes down once a day that a network is known', async () => {
      const home = aSignInSource({ ip: '192.0.2.7' });
      expect(await swapsOf(() => guess(true, home))).toBe(2);
      clock.advance(DAY - 1);
      expect(await swapsOf(() => guess(true, home))).toBe(1);
      clock.advance(1);
      expect(await swapsOf(() => guess(true, home))).toBe(2);
    });

    it('tries a hundred times where others are faster, and then could not find out', async () => {
      store.othersAreBusy = true;
      await expect(guess(true)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(store.writes).toHaveLength(100);
      store.othersAreBusy = false;
      expect(await guess(true)).toBe(true);
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
      const store = new BusyStore();
      throttle = new GuessThrottle(store, clock, new ThrottleOptions());
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
      const keys = new Set(store.writes.map(([key]) => key));
      expect(keys.size).toBe(5);
      expect(warn).not.toHaveBeenCalled();
      const now = clock.now();
      for (let round = 0; round < 2; round += 1) {
        for (const key of keys) {
          const [from = null] = await store.read([key], now);
          await store.swap(key, from, text, new Date(now.getTime() + 50), now);
        }
        await attempt();
        for (const key of keys) expect(await store.read([key], now)).not.toEqual([text]);
      }
      expect(warn.mock.calls.filter(([line]) => String(line).includes('guesses:'))).toHaveLength(1);
    });

    it('does not know a network by it', async () => {
      for (const text of ['', ' ', '0x1', '1e3', '-1', 'null', '99999999999999999999']) {
        const store = new BusyStore();
        throttle = new GuessThrottle(store, clock, new ThrottleOptions());
        await guess(true, aSignInSource());
        const [known] = store.writes.map(([key]) => key).filter((key) => key.startsWith('known:'));
        const [from = null] = await store.read([known!], clock.now());
        await store.swap(known!, from, text, new Date(clock.now().getTime() + DAY), clock.now());
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

    it('refuses no network that the user signed in from, and counts nothing at the account', async () => {
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

    it('delays everyone after five failures, right or wrong, and for 15 minutes at most', async () => {
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

    it('counts no more of many at once than one after another', async () => {
      const outcomes = await Promise.allSettled(Array.from({ length: 200 }, () => attempt(false)));
      expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(5);
    });

    it('refuses a network that has reached its limit', async () => {
      for (let made = 0; made < 50; made += 1) await attempt(false, '203.0.113.7').catch(() => {});
      clock.advance(MINUTE);
      await expect(attempt(true, '203.0.113.7')).rejects.toMatchObject(refusal(540));
      expect(await attempt(true)).toBe(true);
    });

    it('tells codes apart', async () => {
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
    const [text] = await new SqlThrottleStore(databases[0]!).read(['failures-of-all'], clock.now());
    expect(JSON.parse(text!)).toMatchObject({ counts: { all: 100 } });
    await Promise.all(databases.map((database) => database.close()));
  });
});
