import { MemoryThrottleStore } from '../throttle/memory.throttle-store.js';
import type {
  CodeAttempt,
  Guess,
  NetworkNames,
  ThrottleQuery,
  ThrottleStore,
} from '../throttle/throttle-store.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;
const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (ms: number) => new Date(noon.getTime() + ms);

/** How far ahead a wrong clock of another machine is. */
const AHEAD = 400 * DAY;

const NETWORKS: NetworkNames = ['192.0.2.1', '192.0.2.0/24'];

function aGuess(facts: Partial<Guess> = {}): Guess {
  return {
    account: 'ann',
    networks: NETWORKS,
    mostForServer: 50,
    isRight: false,
    familiarities: ['stranger'],
    remembers: true,
    until: after(AHEAD + 31 * DAY),
    ...facts,
  };
}

function aCodeAttempt(facts: Partial<CodeAttempt> = {}): CodeAttempt {
  return { code: 'setup', isRight: false, networks: NETWORKS, mostForServer: 50, ...facts };
}

function aQuery(facts: Partial<ThrottleQuery> = {}): ThrottleQuery {
  return { accounts: ['ann'], networks: NETWORKS, ...facts };
}

/** The counter of an account, network, code or of the server. Bundled stores have it under this key. */
type CounterKey = string;

/** Declares the tests that every throttle store must pass. `spoilings` make the counter of a key unreadable. */
export function describeThrottleStore(
  name: string,
  open: () => Promise<StoreUnderTest<ThrottleStore>>,
  { spoilings = {} }: { readonly spoilings?: Spoilings<CounterKey> } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as a throttle store`, () => {
    let store: ThrottleStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const guess = (facts: Partial<Guess> = {}, now = noon) => store.recordGuess(aGuess(facts), now);
    const tryCode = (facts: Partial<CodeAttempt> = {}, now = noon) =>
      store.recordCode(aCodeAttempt(facts), now);
    const read = (facts: Partial<ThrottleQuery> = {}, now = noon) => store.read(aQuery(facts), now);
    const failures = async (now = noon) => {
      const { ofNetworks, ofServer } = await read({}, now);
      return { ofNetworks: ofNetworks?.counts ?? {}, ofServer: ofServer?.counts ?? {} };
    };
    const windowOf = (count: number, since = noon) => ({
      since: since.getTime(),
      counts: Object.fromEntries(NETWORKS.map((network) => [network, count])),
    });

    it('knows nothing of a new account and network', async () => {
      expect(await read({ accounts: ['ann', 'ben'] })).toEqual({
        signIns: [null, null],
        ofNetworks: null,
        ofServer: null,
      });
    });

    it('counts a failure for the account, each network and the server', async () => {
      expect(await guess()).toBe(true);
      expect(await guess()).toBe(true);
      expect(await read()).toEqual({
        signIns: [null],
        ofNetworks: windowOf(2),
        ofServer: { since: noon.getTime(), counts: { all: 2 } },
      });
      expect((await read({ networks: ['192.0.2.2', '192.0.2.0/24'] })).ofNetworks).toEqual(windowOf(2));
      expect((await read({ networks: ['192.0.3.1', '192.0.3.0/24'] })).ofNetworks).toBeNull();
    });

    it('counts no more failures of one largest network for the server than it is told', async () => {
      for (let made = 0; made < 3; made += 1) await guess({ account: `${made}`, mostForServer: 2 });
      await store.recordFailure({ networks: ['192.0.3.1', '192.0.3.0/24'], mostForServer: 2 }, noon);
      await store.recordFailure({ networks: ['192.0.4.1', '192.0.4.0/24'], mostForServer: 0 }, noon);
      expect((await read()).ofServer).toMatchObject({ counts: { all: 3 } });
      expect((await read()).ofNetworks).toEqual(windowOf(3));
    });

    it('counts a failure of networks alone', async () => {
      for (let made = 0; made < 9; made += 1)
        await store.recordFailure({ networks: NETWORKS, mostForServer: 50 }, noon);
      expect(await failures()).toEqual({ ofNetworks: windowOf(9).counts, ofServer: { all: 9 } });
      expect(await guess({ isRight: true })).toBe(true);
    });

    it('stores the sign-in of a right guess for the account and the smallest network, if it is told to', async () => {
      expect(await guess({ isRight: true, remembers: false })).toBe(true);
      expect((await read()).signIns).toEqual([null]);
      expect(await guess({ isRight: true })).toBe(true);
      expect(await guess({ isRight: true, account: 'cat' }, after(MINUTE))).toBe(true);
      expect(await read({ accounts: ['ann', 'ben', 'cat'] }, after(MINUTE))).toEqual({
        signIns: [noon.getTime(), null, after(MINUTE).getTime()],
        ofNetworks: null,
        ofServer: null,
      });
      expect((await read({ networks: ['192.0.2.2', '192.0.2.0/24'] })).signIns).toEqual([null]);
      expect(await guess({ isRight: true }, after(DAY))).toBe(true);
      expect((await read({}, after(DAY))).signIns).toEqual([after(DAY).getTime()]);
    });

    it('keeps a sign-in for 90 days', async () => {
      await guess({ isRight: true });
      expect((await read({}, after(90 * DAY - 1))).signIns).toEqual([noon.getTime()]);
      expect((await read({}, after(90 * DAY))).signIns).toEqual([null]);
    });

    it('refuses guesses after five failures, right or wrong, and counts them for the networks', async () => {
      for (let made = 0; made < 5; made += 1) expect(await guess()).toBe(true);
      for (const isRight of [true, false]) expect(await guess({ isRight }, after(SECOND - 1))).toBe(false);
      expect(await failures()).toEqual({ ofNetworks: windowOf(7).counts, ofServer: { all: 7 } });
      expect((await read()).signIns).toEqual([null]);
      expect(await guess({ account: 'ben' }, after(SECOND - 1))).toBe(true);
      expect(await guess({ isRight: true }, after(SECOND))).toBe(true);
      for (let made = 0; made < 5; made += 1) expect(await guess({}, after(SECOND))).toBe(true);
      expect(await guess({}, after(SECOND))).toBe(false);
    });

    it('evaluates a guess by the best familiarity that has room', async () => {
      for (let made = 0; made < 6; made += 1) await guess();
      expect(await guess({ familiarities: ['network', 'stranger'] })).toBe(true);
      for (let made = 0; made < 5; made += 1) await guess({ familiarities: ['browser', 'stranger'] });
      expect(await guess({ familiarities: ['browser', 'stranger'] }, after(SECOND - 1))).toBe(false);
      expect(await guess({ familiarities: ['browser', 'stranger'] }, after(SECOND))).toBe(true);
    });

    it('lets one largest network fail 33 times, and all together 50 times', async () => {
      const counted: number[] = [];
      for (const holder of [
        '192.0.2.0/24',
        '192.0.3.0/24',
        '192.0.4.0/24',
        '192.0.5.0/24',
        '192.0.6.0/24',
        '192.0.7.0/24',
      ]) {
        let made = 0;
        const networks: NetworkNames = [holder.replace('0/24', '1'), holder];
        while (await guess({ networks })) {
          made += 1;
          await guess({ networks: ['::1'], isRight: true, remembers: false });
        }
        counted.push(made);
      }
      expect(counted).toEqual([33, 11, 4, 1, 1, 0]);
      expect(await guess({ isRight: true })).toBe(false);
      expect(await guess({ isRight: true }, after(15 * DAY))).toBe(true);
    });

    it('counts 200 parallel guesses as sequential ones', async () => {
      const outcomes = await Promise.all(Array.from({ length: 200 }, () => guess({ mostForServer: 150 })));
      expect(outcomes.filter(Boolean)).toHaveLength(5);
      expect(await failures()).toEqual({ ofNetworks: windowOf(200).counts, ofServer: { all: 150 } });
    });

    it('counts parallel guesses at many accounts from many networks', async () => {
      const outcomes = await Promise.all(
        Array.from({ length: 120 }, (_, index) =>
          guess({
            account: `account ${index % 6}`,
            networks: [`192.0.${index % 5}.1`, `192.0.${index % 5}.0/24`],
          }),
        ),
      );
      expect(outcomes.filter(Boolean)).toHaveLength(30);
      expect((await read()).ofServer).toMatchObject({ counts: { all: 120 } });
      for (let index = 0; index < 5; index += 1) {
        const networks: NetworkNames = [`192.0.${index}.1`, `192.0.${index}.0/24`];
        expect((await read({ networks })).ofNetworks?.counts[networks[0]]).toBe(24);
      }
    });

    it('counts parallel attempts at a code as sequential ones, and the refused ones for the networks', async () => {
      const delays = await Promise.all(Array.from({ length: 200 }, () => tryCode({ mostForServer: 150 })));
      expect(delays.filter((delay) => delay === 0)).toHaveLength(5);
      expect(new Set(delays)).toEqual(new Set([0, SECOND]));
      expect(await failures()).toEqual({ ofNetworks: windowOf(200).counts, ofServer: { all: 150 } });
    });

    it('refuses right and wrong codes for up to 15 minutes after failures, and ends that by a right one', async () => {
      for (let made = 0; made < 5; made += 1) expect(await tryCode()).toBe(0);
      for (const isRight of [true, false]) expect(await tryCode({ isRight }, after(400))).toBe(600);
      expect(await tryCode({ code: 'other' })).toBe(0);
      let now = SECOND;
      for (let made = 0; made < 20; made += 1, now += 15 * MINUTE)
        expect(await tryCode({}, after(now))).toBe(0);
      now -= 15 * MINUTE;
      expect(await tryCode({}, after(now))).toBe(15 * MINUTE);
      expect(await tryCode({ isRight: true }, after(now + 15 * MINUTE))).toBe(0);
      for (let made = 0; made < 5; made += 1) expect(await tryCode({}, after(now + 15 * MINUTE))).toBe(0);
      expect(await tryCode({}, after(now + 15 * MINUTE))).toBe(SECOND);
    });

    it('does not count a right code as a failure, and forgets its failures after a day', async () => {
      expect(await tryCode({ isRight: true })).toBe(0);
      expect((await read()).ofNetworks).toBeNull();
      for (let made = 0; made < 4; made += 1) await tryCode();
      for (let made = 0; made < 5; made += 1) expect(await tryCode({}, after(DAY))).toBe(0);
      expect(await tryCode({}, after(DAY))).toBe(SECOND);
    });

    it('counts the failures of networks and of the server for ten minutes', async () => {
      await guess();
      await guess({ account: 'ben' }, after(9 * MINUTE));
      expect((await read({}, after(9 * MINUTE))).ofNetworks).toEqual(windowOf(2));
      const none = { signIns: [null], ofNetworks: null, ofServer: null };
      expect(await read({}, after(10 * MINUTE))).toEqual(none);
      await guess({}, after(10 * MINUTE));
      expect(await read({}, after(10 * MINUTE))).toMatchObject({
        ofNetworks: windowOf(1, after(10 * MINUTE)),
        ofServer: { counts: { all: 1 } },
      });
    });

    it('keeps the counter of an account until it expires', async () => {
      for (const account of ['ann', 'ben'])
        for (let made = 0; made < 15; made += 1)
          await guess({ account, until: after(MINUTE) }, after(made * SECOND));
      expect(await guess({ until: after(MINUTE) }, after(15 * SECOND))).toBe(false);
      expect(await guess({ account: 'ben' }, after(MINUTE))).toBe(true);
      for (let made = 0; made < 4; made += 1) await guess({ account: 'ben' }, after(MINUTE));
      expect(await guess({ account: 'ben' }, after(MINUTE))).toBe(false);
    });

    it('empties the counters of an account, and no other', async () => {
      for (const account of ['ann', 'ben']) for (let made = 0; made < 6; made += 1) await guess({ account });
      await store.forget('ann', noon);
      await store.forget('nobody', noon);
      expect(await guess({ isRight: true })).toBe(true);
      expect(await guess({ isRight: true, account: 'ben' })).toBe(false);
      expect(await failures()).toMatchObject({ ofServer: { all: 13 } });
    });

    it('empties the counters of an account also for a clock that is behind', async () => {
      for (let made = 0; made < 6; made += 1) await guess({}, after(2 * SECOND));
      await store.forget('ann', after(3 * SECOND));
      expect(await guess({ isRight: true }, after(2 * SECOND))).toBe(true);
    });

    for (const id of ['__proto__', 'an id:of/many %parts', "' or 1=1 --", '*', '"quoted" \\ [x]'])
      it(`counts at the account and code ${JSON.stringify(id)}`, async () => {
        for (let made = 0; made < 5; made += 1) {
          expect(await guess({ account: id })).toBe(true);
          expect(await tryCode({ code: id })).toBe(0);
        }
        expect(await guess({ account: id })).toBe(false);
        expect(await tryCode({ code: id })).toBe(SECOND);
        expect(await guess({ account: `${id} ` })).toBe(true);
        await store.forget(id, noon);
        expect(await guess({ account: id, isRight: true })).toBe(true);
        expect((await read({ accounts: [id] })).signIns).toEqual([noon.getTime()]);
      });

    it('does not refuse anybody by failures of a clock that is ahead, and lets them drain from now on', async () => {
      const ahead = after(AHEAD);
      for (let made = 0; made < 6; made += 1) await guess({}, ahead);
      for (let made = 0; made < 6; made += 1) await tryCode({}, ahead);
      expect(await guess({}, ahead)).toBe(false);
      for (let made = 0; made < 5; made += 1) expect(await guess()).toBe(true);
      for (let made = 0; made < 5; made += 1) expect(await tryCode()).toBe(0);
      expect(await guess()).toBe(false);
      expect(await tryCode()).toBe(SECOND);
      let counted = 10;
      for (let minutes = 15; minutes < 50 * 15; minutes += 15)
        counted += Number(await guess({ networks: [`192.1.${minutes / 15}.1`] }, after(minutes * MINUTE)));
      expect(counted).toBe(50);
      expect(await guess({ isRight: true }, after(31 * DAY))).toBe(true);
    });

    it('keeps the delay after a failure of a clock that is up to five minutes ahead', async () => {
      for (let made = 0; made < 5; made += 1) await guess({}, after(5 * MINUTE));
      expect(await guess()).toBe(false);
      for (let made = 0; made < 5; made += 1) await guess({ account: 'ben' }, after(5 * MINUTE + 1));
      expect(await guess({ account: 'ben' })).toBe(true);
    });

    it('begins a new window where one begins in the future', async () => {
      await guess({}, after(AHEAD));
      await guess({ account: 'ben' });
      expect(await read()).toMatchObject({
        ofNetworks: windowOf(1),
        ofServer: { since: noon.getTime(), counts: { all: 1 } },
      });
    });

    it('keeps other counters while it deletes expired ones', async () => {
      await guess({ account: 'lasting', isRight: true });
      for (let made = 0; made < 6; made += 1) await guess({ account: 'lasting' });
      for (let index = 0; index < 220; index += 1) {
        const [now, until] = index < 110 ? [noon, after(1)] : [after(2), after(3)];
        await guess({ account: `passing ${index}`, isRight: true, remembers: false, until }, now);
      }
      expect(await guess({ account: 'lasting' }, after(4))).toBe(false);
      expect((await read({ accounts: ['lasting'] }, after(4))).signIns).toEqual([noon.getTime()]);
    });

    for (const [way, spoil] of Object.entries(spoilings))
      it(`treats an unreadable counter as absent: ${way}`, async () => {
        const useUp = async () => {
          await guess({ isRight: true });
          for (let made = 0; made < 6; made += 1) {
            await guess();
            await tryCode();
          }
        };
        const keys = [
          'guesses:ann',
          'known:ann:192.0.2.1',
          'failures:192.0.2.0/24',
          'failures-of-all',
          'code:setup',
        ];
        await useUp();
        expect(await guess()).toBe(false);
        expect(await tryCode()).toBe(SECOND);
        for (const key of keys) await spoil(key);
        const none = { signIns: [null], ofNetworks: null, ofServer: null };
        expect(await read()).toEqual(none);
        expect(await guess({ account: 'ben' })).toBe(true);
        expect(await failures()).toEqual({ ofNetworks: windowOf(1).counts, ofServer: { all: 1 } });
        for (const key of keys) await spoil(key);
        await useUp();
        expect(await read()).toEqual({
          signIns: [noon.getTime()],
          ofNetworks: windowOf(12),
          ofServer: { since: noon.getTime(), counts: { all: 12 } },
        });
        expect(await guess()).toBe(false);
        expect(await tryCode()).toBe(SECOND);
        await spoil('guesses:ann');
        await store.forget('ann', noon);
        expect(await guess()).toBe(true);
      });

    for (let seed = 1; seed <= 3; seed += 1)
      it(`acts as the memory store does in random sequences (${seed})`, async () => {
        const reference = new MemoryThrottleStore();
        const done: string[] = [];
        for (const act of actsOf(seed)) {
          done.push(act.title);
          const [outcome, expected] = [await act.run(store), await act.run(reference)];
          expect([...done, outcome]).toEqual([...done, expected]);
        }
      });
  });
}

interface Act {
  readonly title: string;
  run(store: ThrottleStore): Promise<unknown>;
}

/**
 * A random sequence: first by a wrong clock, then by a right one. Its steps are long, because Redis also lets counters expire by
 * its own clock.
 */
function* actsOf(seed: number): Generator<Act> {
  const random = randomOf(seed);
  const one = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  let time = noon.getTime() + one([-5 * MINUTE, 5 * MINUTE, 6 * MINUTE, AHEAD]);
  for (let count = 0; count < 120; count += 1) {
    if (count === 30) time = noon.getTime();
    if (count > 30)
      time += one([0, 0, 0, 0, 0, 0, 15 * SECOND, 30 * SECOND, MINUTE, 15 * MINUTE, DAY, 9 * DAY]);
    const now = new Date(time);
    const host = one([1, 2, 3, 4, 5, 6]);
    const networks: NetworkNames = [`192.0.${host >> 1}.${host}`, `192.0.${host >> 1}.0/24`];
    const failure = { networks, mostForServer: one([0, 3, 50]) };
    const account = one(['ann', 'ann', 'ben']);
    const isRight = one([true, false, false, false]);
    const familiarities = one([
      ['stranger'],
      ['stranger'],
      ['network', 'stranger'],
      ['browser', 'network', 'stranger'],
    ] as const);
    const until = new Date(time + one([DAY, 31 * DAY]));
    const guess = { ...failure, account, isRight, familiarities, remembers: one([true, false]), until };
    const attempt = { ...failure, code: 'setup', isRight };
    const kind = one([
      'guess',
      'guess',
      'guess',
      'guess',
      'code',
      'failure',
      random() < 0.2 ? 'forget' : 'guess',
    ]);
    const act = {
      guess: (store: ThrottleStore) => store.recordGuess(guess, now),
      code: (store: ThrottleStore) => store.recordCode(attempt, now),
      failure: (store: ThrottleStore) => store.recordFailure(failure, now),
      forget: (store: ThrottleStore) => store.forget(account, now),
    }[kind as 'guess' | 'code' | 'failure' | 'forget'];
    yield {
      title: `${kind} ${JSON.stringify(kind === 'code' ? attempt : guess)} at ${now.toISOString()}`,
      run: async (store) => [await act(store), await store.read({ accounts: ['ann', 'ben'], networks }, now)],
    };
  }
}

/** Numbers from 0 to 1 that are the same for each seed (mulberry32). */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}
