import { beforeEach, describe, expect, it } from '@jest/globals';
import { newFolder } from '../../test/support/server.js';
import { SqliteDatabase } from '../storage/sql/sqlite.database.js';
import { SqlTallyStore } from '../storage/sql/sql.tally-store.js';
import { FakeClock } from '../testing/fake-clock.js';
import { aClaimant } from '../testing/samples.js';
import { type Account, type Claimant, GuessThrottle } from './guess-throttle.js';
import { MemoryTallyStore } from './memory.tally-store.js';
import { ThrottleOptions } from './throttle-options.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const ann: Account = { key: 'ann@example.com', userId: 'ann' };

/** Counts what is written; while others are busy, they are always faster. */
class BusyStore extends MemoryTallyStore {
  swaps = 0;
  lastKey = '';
  othersAreBusy = false;

  override async swap(...args: Parameters<MemoryTallyStore['swap']>): Promise<boolean> {
    this.swaps += 1;
    [this.lastKey] = args;
    return !this.othersAreBusy && super.swap(...args);
  }
}

describe('The throttle of guesses', () => {
  let clock: FakeClock;
  let throttle: GuessThrottle;

  beforeEach(() => {
    clock = new FakeClock();
    throttle = new GuessThrottle(new MemoryTallyStore(), clock, new ThrottleOptions());
  });

  /** Addresses without end: what one network has failed is not what is looked at. */
  let addresses = 0;
  const fromElsewhere = () =>
    aClaimant({ ip: `10.${(addresses += 1) >> 16}.${(addresses >> 8) & 255}.${addresses & 255}` });
  const guess = async (isRight = false, claimant: Claimant = fromElsewhere(), account = ann) =>
    (await throttle.admit(account, claimant)).judge(isRight);
  const guesses = async (count: number, ...rest: Parameters<typeof guess>) => {
    let counted = 0;
    for (let made = 0; made < count; made += 1) counted += Number(await guess(...rest));
    return counted;
  };
  /** Guesses as long as one counts, waiting out every delay. */
  const guessPatiently = async (claimant: () => Claimant, patience: number) => {
    let counted = 0;
    for (let made = 0, refused = 0; refused < 3; clock.advance(patience)) {
      if ((made += 1) > 200) throw new Error('It never comes to an end.');
      const counts = await guess(false, claimant());
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

    it('lets a stranger fail 30 times in a row, however long they wait, and is theirs no more', async () => {
      expect(await guessPatiently(fromElsewhere, 16 * MINUTE)).toBe(30);
      clock.advance(400 * DAY);
      expect(await guess(true)).toBe(false);
    });

    it('begins anew after a success', async () => {
      await guesses(5);
      clock.advance(SECOND);
      expect(await guess(true)).toBe(true);
      expect(await guesses(10)).toBe(5);
    });

    it('lets a stranger fail 60 times a day, successes between them or not', async () => {
      for (let round = 0; round < 15; round += 1) {
        expect(await guesses(4)).toBe(4);
        await guess(round < 14);
      }
      clock.advance(DAY / 2);
      expect(await guess(true)).toBe(false);
      clock.advance(DAY / 2);
      expect(await guess(true)).toBe(true);
    });

    it('never evaluates more than 50 failures in a row, whoever makes them', async () => {
      const [home, ticket] = [aClaimant({ ip: '192.0.2.7' }), aClaimant({ ticketOf: 'ann' })];
      await guess(true, home);
      const counted = [
        await guessPatiently(fromElsewhere, 16 * MINUTE),
        await guessPatiently(() => home, 16 * MINUTE),
        await guessPatiently(() => ticket, 16 * MINUTE),
      ];
      expect(counted).toEqual([30, 10, 10]);
      clock.advance(400 * DAY);
      expect(await guess(true, ticket)).toBe(false);
    });

    it.each<[string, Claimant]>([
      ['from a network that they signed in from', aClaimant({ ip: '192.0.2.7' })],
      ['by a browser that holds a ticket of theirs', aClaimant({ ip: '198.51.100.1', ticketOf: 'ann' })],
    ])('lets its owner in %s within half a minute, whatever strangers do', async (_, owner) => {
      await guess(true, aClaimant({ ip: '192.0.2.7' }));
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      expect(await guess(false, owner)).toBe(true);
      expect(await guess(true, owner)).toBe(false);
      clock.advance(30 * SECOND);
      expect(await guess(true, owner)).toBe(true);
    });

    it('knows a network for 90 days after the last sign-in from it', async () => {
      const home = aClaimant({ ip: '2001:db8::1' });
      const neighbour = aClaimant({ ip: '2001:db8::2' });
      await guess(true, home);
      clock.advance(80 * DAY);
      await guess(true, home);
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      clock.advance(80 * DAY);
      expect(await guess(true, neighbour)).toBe(true);
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      clock.advance(91 * DAY);
      expect(await guess(true, home)).toBe(false);
    });

    it('forgets an address without an account in a day', async () => {
      const nobody = { key: 'nobody@example.com', userId: null };
      await guesses(5, false, aClaimant(), nobody);
      clock.advance(DAY - 1);
      expect(await guesses(2, false, aClaimant(), nobody)).toBe(1);
      clock.advance(DAY);
      expect(await guesses(10, false, aClaimant(), nobody)).toBe(5);
    });

    it('keeps strangers waiting while the owner mistypes', async () => {
      await guess(true, aClaimant({ ip: '192.0.2.7' }));
      await guesses(5);
      expect(await guess(false, aClaimant({ ip: '192.0.2.7' }))).toBe(true);
      expect(await guess(true)).toBe(false);
    });

    it('takes a ticket of somebody else, and of nobody, for none', async () => {
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      expect(await guess(true, aClaimant({ ticketOf: 'ben' }))).toBe(false);
      expect(await guess(true, aClaimant(), { key: 'ann@example.com', userId: null })).toBe(false);
    });

    it('forgives all when told to', async () => {
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      await throttle.forgive(ann.key);
      expect(await guess(true)).toBe(true);
    });

    it('does not know a network by a sign-in of the future', async () => {
      const home = aClaimant({ ip: '192.0.2.7' });
      clock.advance(400 * DAY);
      await guess(true, home);
      clock.advance(-400 * DAY);
      await guesses(30);
      expect(await guess(true, home)).toBe(false);
    });

    it('reads what an earlier version wrote to forgive', async () => {
      const store = new BusyStore();
      throttle = new GuessThrottle(store, clock, new ThrottleOptions());
      await throttle.forgive(ann.key);
      await store.swap(store.lastKey, null, 'forgiven', new Date(clock.now().getTime() + 50), clock.now());
      expect(await guess(true)).toBe(true);
    });

    it('knows a network for one account alone', async () => {
      const home = aClaimant({ ip: '192.0.2.7' });
      await guess(true, home, { key: 'ben@example.com', userId: 'ben' });
      await guessPatiently(fromElsewhere, 16 * MINUTE);
      expect(await guess(true, home)).toBe(false);
    });

    it('does not know a network where a right password did not count', async () => {
      await guesses(5);
      const nextDoor = aClaimant({ ip: '192.0.2.8' });
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
        await guess(false, aClaimant({ ip }), { key: `nobody-${made}@example.com`, userId: null });
    };
    const refusal = (retryAfter: number) => ({ code: 'too_many_attempts', retryAfter });

    it('refuses what comes after 50 failures, until ten minutes are over', async () => {
      await spray('203.0.113.7', 1);
      clock.advance(MINUTE);
      await spray('203.0.113.7', 49);
      await expect(guess(true, aClaimant({ ip: '203.0.113.7' }))).rejects.toMatchObject(refusal(540));
      expect(await guess(true, aClaimant({ ip: '203.0.113.8' }))).toBe(true);
      clock.advance(9 * MINUTE);
      expect(await guess(true, aClaimant({ ip: '203.0.113.7' }))).toBe(true);
    });

    it('counts an IPv4 address with and without its mapping, and a /64 of IPv6, as one', async () => {
      await spray('203.0.113.7', 25);
      await spray('::ffff:203.0.113.7', 25);
      await expect(guess(true, aClaimant({ ip: '203.0.113.7' }))).rejects.toMatchObject(refusal(600));
      for (let host = 1; host <= 50; host += 1) await spray(`2001:db8::${host}`, 1);
      await expect(guess(true, aClaimant({ ip: '2001:db8::ffff:1' }))).rejects.toMatchObject(refusal(600));
      expect(await guess(true, aClaimant({ ip: '2001:db8:0:1::1' }))).toBe(true);
    });

    it('lets those in whom the account knows', async () => {
      await guess(true, aClaimant({ ip: '203.0.113.7' }));
      await spray('203.0.113.7', 50);
      expect(await guess(true, aClaimant({ ip: '203.0.113.7' }))).toBe(true);
      expect(await guess(true, aClaimant({ ip: '203.0.113.7', ticketOf: 'ann' }))).toBe(true);
    });

    it('refuses all strangers after 1,000 failures of all networks', async () => {
      await guess(true, aClaimant({ ip: '192.0.2.7' }));
      for (let index = 0; index < 1000; index += 1) await spray(fromElsewhere().ip!, 1);
      await expect(guess(true)).rejects.toMatchObject(refusal(600));
      expect(await guess(true, aClaimant({ ip: '192.0.2.7' }))).toBe(true);
      clock.advance(10 * MINUTE);
      expect(await guess(true)).toBe(true);
    });
  });

  describe('told how much to bear', () => {
    const told = (options: Partial<ThrottleOptions>) => {
      throttle = new GuessThrottle(new MemoryTallyStore(), clock, new ThrottleOptions(options));
    };

    it('counts nothing where it is switched off', async () => {
      told({ enabled: false });
      expect(await guesses(100, false, aClaimant())).toBe(100);
      expect(await guess(true, aClaimant())).toBe(true);
    });

    it('refuses a network, or all, after as many failures as it is told', async () => {
      told({ failuresPerNetwork: 2, failuresPerServer: 4 });
      await guesses(2, false, aClaimant());
      await expect(guess(false, aClaimant())).rejects.toMatchObject({ code: 'too_many_attempts' });
      await guesses(2);
      await expect(guess()).rejects.toMatchObject({ code: 'too_many_attempts' });
    });
  });

  describe('at its store', () => {
    let store: BusyStore;

    beforeEach(() => {
      store = new BusyStore();
      throttle = new GuessThrottle(store, clock, new ThrottleOptions());
    });

    const swapsOf = async (work: () => Promise<unknown>) => {
      const before = store.swaps;
      await work();
      return store.swaps - before;
    };

    it('writes the account and two counts at a failure, and as much where it does not count', async () => {
      expect(await swapsOf(() => guess())).toBe(3);
      await guesses(5);
      expect(await swapsOf(() => guess())).toBe(3);
    });

    it('writes down once a day that a network is known', async () => {
      const home = aClaimant({ ip: '192.0.2.7' });
      expect(await swapsOf(() => guess(true, home))).toBe(2);
      clock.advance(DAY - 1);
      expect(await swapsOf(() => guess(true, home))).toBe(1);
      clock.advance(1);
      expect(await swapsOf(() => guess(true, home))).toBe(2);
    });

    it('tries a hundred times where others are faster, and then could not find out', async () => {
      store.othersAreBusy = true;
      await expect(guess(true)).rejects.toMatchObject({ code: 'store_unavailable' });
      expect(store.swaps).toBe(100);
      store.othersAreBusy = false;
      expect(await guess(true)).toBe(true);
    });
  });

  it.each(['', '{', 'null', '7.5', '{"inARow":1}', '{"delayedUntil":[]}', 'NaN NaN', '1e3 5', 'garbage'])(
    'takes %j for no count, and counts from there',
    async (garbage) => {
      const store = new MemoryTallyStore();
      const keys: string[] = [];
      const spoilt = {
        read: async (asked: readonly string[], now: Date) => {
          keys.push(...asked);
          return store.read(asked, now);
        },
        swap: store.swap.bind(store),
      };
      throttle = new GuessThrottle(spoilt, clock, new ThrottleOptions({ failuresPerNetwork: 3 }));
      const home = aClaimant({ ip: '192.0.2.7' });
      await guess(true, home);
      await guess(false, home);
      for (const key of new Set(keys)) {
        const [text = null] = await store.read([key], clock.now());
        await store.swap(key, text, garbage, new Date(clock.now().getTime() + DAY), clock.now());
      }
      expect(await guesses(3, false, home)).toBe(3);
      await expect(guess(false, home)).rejects.toThrow('too_many_attempts');
      expect(await guess(true, fromElsewhere())).toBe(true);
    },
  );

  it('counts together with other processes', async () => {
    const file = `${newFolder()}/coatcheck.db`;
    const databases = [await SqliteDatabase.open(file, 10_000), await SqliteDatabase.open(file, 10_000)];
    const throttles = databases.map(
      (database) => new GuessThrottle(new SqlTallyStore(database), clock, new ThrottleOptions()),
    );
    const attempts = await Promise.all(
      Array.from({ length: 100 }, (_, index) => throttles[index % 2]!.admit(ann, fromElsewhere())),
    );
    const outcomes = await Promise.all(attempts.map((attempt) => attempt.judge(false)));
    expect(outcomes.filter(Boolean)).toHaveLength(5);
    const counts = await new SqlTallyStore(databases[0]!).read(['server'], clock.now());
    expect(counts[0]).toMatch(/ 100$/);
    await Promise.all(databases.map((database) => database.close()));
  });
});
