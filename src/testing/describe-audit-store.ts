import { AUDIT_TYPES, type AuditEvent, type AuditReason, type AuditType } from '../audit/audit-event.js';
import {
  ALL_EVENTS,
  AUDIT_WINDOW,
  type AuditFilter,
  type AuditSpan,
  type AuditStore,
} from '../audit/audit-store.js';
import { anAuditEvent } from './samples.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number, ms = 0) => new Date(noon.getTime() + minutes * 60_000 + ms);
const ANY: AuditFilter = ALL_EVENTS;

/** Timeout in milliseconds for ten thousand writes on a busy machine. */
const MANY_WRITES = 120_000;

/**
 * Declares the tests that every audit store must pass. Set `isBounded` if the store keeps only the newest `AUDIT_WINDOW`
 * events. `spoilings` make a stored event unreadable.
 */
export function describeAuditStore(
  name: string,
  open: () => Promise<StoreUnderTest<AuditStore>>,
  {
    isBounded = false,
    spoilings = {},
  }: { readonly isBounded?: boolean; readonly spoilings?: Spoilings<AuditEvent> } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as an audit store`, () => {
    let store: AuditStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const appendAll = async (events: readonly AuditEvent[]) => {
      for (let start = 0; start < events.length; start += 100)
        await Promise.all(events.slice(start, start + 100).map((event) => store.append(event)));
    };
    /** All pages to the end. */
    const listAll = async (filter: AuditFilter, limit: number) => {
      const pages: AuditEvent[][] = [];
      let next: string | null = null;
      do {
        const page = await store.list(filter, limit, next);
        pages.push(page.events);
        next = page.next;
      } while (next !== null);
      return pages;
    };

    it('lists appended events with all facts', async () => {
      const full = anAuditEvent({
        type: 'role_changed',
        sessionId: 'session',
        userAgent: 'Zo\u00eb \u{1f36a} \\u{9b}',
        details: { from: 'user', to: 'admin' },
      });
      const empty = anAuditEvent({
        via: 'operator',
        actorId: null,
        subjectId: null,
        ip: null,
        userAgent: null,
        requestId: null,
        details: {},
      });
      await appendAll([full, empty]);
      expect(await store.list(ANY, 10, null)).toEqual({ events: [empty, full], next: null });
    });

    it('counts the repetitions of one event, and records the last time', async () => {
      const [event, other] = [anAuditEvent(), anAuditEvent()];
      await appendAll([event, other]);
      await Promise.all(range(20).map(() => store.repeat(event.id, 2, after(3))));
      await store.repeat(event.id, 10_000, after(9));
      await store.repeat(anAuditEvent().id, 5, after(9));
      expect((await store.list(ANY, 10, null)).events).toEqual([
        other,
        { ...event, count: 10_041, lastAt: after(9) },
      ]);
    });

    it('lists nothing if there are no events', async () => {
      expect(await store.list(ANY, 10, null)).toEqual({ events: [], next: null });
      expect(await store.forget(after(60), 10)).toBe(0);
    });

    it('lists pages, newest first, each event once, independent of the order of insertion', async () => {
      const events = range(7).map((index) => anAuditEvent({ at: after(Math.floor(index / 2)) }));
      await appendAll([...events.slice(3), ...events.slice(0, 3)]);
      const pages = await listAll(ANY, 3);
      expect(pages.flat()).toEqual(events.toReversed());
      expect(pages.every((page) => page.length <= 3)).toBe(true);
    });

    it('does not change later pages when new events arrive', async () => {
      const events = range(4).map(() => anAuditEvent());
      await appendAll(events);
      const { next } = await store.list(ANY, 2, null);
      await store.append(anAuditEvent());
      expect((await store.list(ANY, 2, next)).events).toEqual([events[1], events[0]]);
    });

    it('filters by user as actor or subject, by types, reason, address and time, and by all of them', async () => {
      const byAnn = anAuditEvent({ type: 'user_disabled', actorId: 'ann', subjectId: 'ben', ip: '::1' });
      const onAnn = anAuditEvent({ type: 'user_disabled', actorId: 'root', subjectId: 'ann', at: after(1) });
      const signIn = anAuditEvent({ type: 'sign_in', actorId: 'ann', subjectId: 'ann', at: after(2) });
      const failed = anAuditEvent({
        type: 'sign_in_failed',
        actorId: null,
        subjectId: 'ann',
        ip: '::1',
        at: after(2, 1),
        details: { method: 'login', reason: 'wrong_password' },
      });
      const byAnnAlone = anAuditEvent({
        type: 'audit_exported',
        actorId: 'ann',
        subjectId: null,
        at: after(3),
      });
      const other = anAuditEvent({ type: 'sign_out', ip: null, details: {}, at: after(4) });
      const all = [byAnn, onAnn, signIn, failed, byAnnAlone, other];
      await appendAll(all);
      const expectFound = async (filter: Partial<AuditFilter>, ...events: AuditEvent[]) => {
        for (const limit of [1, 2, 10])
          expect((await listAll({ ...ANY, ...filter }, limit)).flat()).toEqual(events.toReversed());
      };
      await expectFound({}, ...all);
      await expectFound({ userId: 'ann' }, byAnn, onAnn, signIn, failed, byAnnAlone);
      await expectFound({ userId: 'root' }, onAnn);
      await expectFound({ types: ['user_disabled'] }, byAnn, onAnn);
      await expectFound({ types: ['sign_out', 'user_disabled', 'sign_out'] }, byAnn, onAnn, other);
      await expectFound({ types: [...AUDIT_TYPES] }, ...all);
      await expectFound({ reason: 'wrong_password' }, failed);
      await expectFound({ reason: 'evicted' });
      await expectFound({ ip: '::1' }, byAnn, failed);
      await expectFound({ from: after(2) }, signIn, failed, byAnnAlone, other);
      await expectFound({ from: after(2, 1) }, failed, byAnnAlone, other);
      await expectFound({ to: after(2, 1) }, byAnn, onAnn, signIn);
      await expectFound({ from: after(1), to: after(2) }, onAnn);
      await expectFound({ from: after(2), to: after(2) });
      await expectFound({ from: after(3), to: after(2) });
      await expectFound({ userId: 'ann', types: ['sign_in'] }, signIn);
      await expectFound({ userId: 'ben', types: ['sign_in'] });
      await expectFound({ userId: 'ann', ip: '::1' }, byAnn, failed);
      await expectFound({ userId: 'ann', ip: '::1', types: ['sign_in_failed', 'sign_in'] }, failed);
      await expectFound({ userId: 'ann', types: ['user_disabled'], to: after(1) }, byAnn);
      await expectFound({ types: ['sign_in_failed'], reason: 'wrong_password' }, failed);
      await expectFound({ types: ['sign_in'], reason: 'wrong_password' });
      await expectFound({ ip: '192.0.2.1', reason: 'wrong_password' });
      await expectFound(
        {
          userId: 'ann',
          types: ['sign_in_failed'],
          reason: 'wrong_password',
          ip: '::1',
          from: after(2),
          to: after(3),
        },
        failed,
      );
    });

    for (const text of ['__proto__', '', '\0', "' or 1=1 --", '%'])
      it(`finds nothing for the malicious filter ${JSON.stringify(text)}`, async () => {
        await store.append(anAuditEvent());
        for (const filter of [{ userId: text }, { ip: text }])
          expect((await store.list({ ...ANY, ...filter }, 10, null)).events).toEqual([]);
      });

    it('lists each event once while events are counted and appended between the pages', async () => {
      const events = range(7).map((index) => anAuditEvent({ at: after(index), ip: '::1', subjectId: 'ann' }));
      await appendAll(events);
      for (const filter of [{}, { ip: '::1' }, { userId: 'ann' }, { userId: 'ann', ip: '::1' }]) {
        const found: string[] = [];
        let next: string | null = null;
        do {
          const page = await store.list({ ...ANY, ...filter }, 2, next);
          found.push(...page.events.map(({ id }) => id).filter((id) => events.some((one) => one.id === id)));
          for (const { id } of [events[1]!, events[3]!, events[5]!]) await store.repeat(id, 1, after(9));
          await store.append(anAuditEvent({ at: after(60), ip: '::1', subjectId: 'ann' }));
          next = page.next;
        } while (next !== null);
        expect(found).toEqual(events.map(({ id }) => id).toReversed());
      }
    });

    it('returns copies', async () => {
      const event = anAuditEvent();
      await store.append(event);
      const [found] = (await store.list(ANY, 1, null)).events;
      found!.at.setTime(0);
      Object.assign(found!.details, { method: 'basic' });
      expect((await store.list(ANY, 1, null)).events).toEqual([event]);
    });

    it('stores all of many parallel events', async () => {
      const events = range(200).map(() => anAuditEvent());
      await Promise.all(events.map((event) => store.append(event)));
      expect((await listAll(ANY, 100)).flat()).toEqual(events.toReversed());
    });

    describe('several events that are appended together', () => {
      it('are all listed, in order of their ids', async () => {
        const events = range(4).map((minute) => anAuditEvent({ at: after(minute) }));
        const between = events.splice(1, 1);
        await store.append(...between);
        await store.append(events[2]!, events[0]!, events[1]!);
        expect((await store.list(ANY, 10, null)).events).toEqual(
          [events[0]!, ...between, events[1]!, events[2]!].toReversed(),
        );
      });

      it('are all listed if there are 500 of them', async () => {
        const events = range(500).map((index) =>
          anAuditEvent({ type: 'session_ended', sessionId: `${index}`, details: { reason: 'evicted' } }),
        );
        await store.append(...events);
        expect((await listAll(ANY, 100)).flat()).toEqual(events.toReversed());
      });

      it('are all stored or none, if one of them cannot be stored', async () => {
        const broken = anAuditEvent();
        Object.defineProperty(broken, 'details', {
          enumerable: true,
          get: () => {
            throw new Error('This event cannot be read.');
          },
        });
        await expect(store.append(anAuditEvent(), broken, anAuditEvent())).rejects.toThrow();
        expect(await store.list(ANY, 10, null)).toEqual({ events: [], next: null });
      });

      it('are seen all or not at all by calls that run at the same time', async () => {
        const groups = range(10).map((group) =>
          range(40).map(() => anAuditEvent({ type: 'session_ended', subjectId: `user-${group}` })),
        );
        const appended = Promise.all(groups.map((events) => store.append(...events)));
        const seen: number[] = [];
        for (const group of range(30)) {
          const filter = { ...ANY, userId: `user-${group % groups.length}` };
          seen.push((await store.list(filter, 100, null)).events.length);
        }
        await appended;
        expect(seen.filter((length) => length !== 0 && length !== 40)).toEqual([]);
        expect((await listAll(ANY, 100)).flat()).toEqual(groups.flat().toReversed());
      });
    });

    it(
      'finds a rare event behind a window of others, at once or on a later page',
      async () => {
        const rare = anAuditEvent({ type: 'role_changed', subjectId: 'ann' });
        await store.append(rare);
        await appendAll(range(AUDIT_WINDOW - 1).map(() => anAuditEvent({ subjectId: 'ann' })));
        const ofType: AuditFilter = { ...ANY, types: ['role_changed'] };
        const ofBoth: AuditFilter = { ...ofType, userId: 'ann' };
        for (const filter of [ofType, ofBoth]) expect((await listAll(filter, 10)).flat()).toEqual([rare]);
        const newest = anAuditEvent({ subjectId: 'ann' });
        await store.append(newest);
        for (const filter of [ofType, ofBoth])
          expect((await listAll(filter, 10)).flat()).toEqual(isBounded ? [] : [rare]);
        expect((await store.list(ANY, 1, null)).events).toEqual([newest]);
      },
      MANY_WRITES,
    );

    describe('counts of events', () => {
      const HOUR = 3_600_000;
      const hours = (count: number, ms = 0) => after(count * 60, ms);
      const failed = (facts: Partial<AuditEvent>) =>
        anAuditEvent({ type: 'sign_in_failed', details: { reason: 'wrong_password' }, ...facts });
      const expectCounts = async (
        span: AuditSpan,
        types: readonly AuditType[],
        ...expected: [interval: number, type: AuditType, reason: AuditReason | null, count: number][]
      ) => {
        const counts = await store.countBy(span, types);
        expect(
          counts
            .map(({ interval, type, reason, count }) => JSON.stringify([interval, type, reason, count]))
            .toSorted(),
        ).toEqual(expected.map((one) => JSON.stringify(one)).toSorted());
      };

      it('are by interval, type and reason, exact to the millisecond', async () => {
        await appendAll([
          failed({ at: after(0, -1) }),
          failed({ at: noon }),
          failed({ at: hours(1, -1) }),
          failed({ at: hours(1), details: { reason: 'unknown_email' } }),
          failed({ at: hours(1), details: {} }),
          anAuditEvent({ at: hours(1) }),
          anAuditEvent({ at: hours(2, 1) }),
          anAuditEvent({ at: hours(2.5, -1) }),
          anAuditEvent({ at: hours(2.5) }),
          anAuditEvent({ at: hours(9) }),
        ]);
        const span = { from: noon, to: hours(2.5), step: HOUR };
        await expectCounts(
          span,
          [],
          [0, 'sign_in_failed', 'wrong_password', 2],
          [1, 'sign_in_failed', 'unknown_email', 1],
          [1, 'sign_in_failed', null, 1],
          [1, 'sign_in', null, 1],
          [2, 'sign_in', null, 2],
        );
        await expectCounts(span, ['sign_in', 'sign_out'], [1, 'sign_in', null, 1], [2, 'sign_in', null, 2]);
        await expectCounts({ ...span, from: hours(2.5), to: hours(9) }, [], [0, 'sign_in', null, 1]);
        await expectCounts({ from: hours(3), to: hours(4), step: HOUR }, []);
      });

      it('have each event as often as it happened', async () => {
        const [event, other] = [failed({ at: after(1) }), failed({ at: after(2), count: 5 })];
        await appendAll([event, other]);
        await store.repeat(event.id, 41, hours(5));
        await expectCounts(
          { from: noon, to: hours(9), step: HOUR },
          [],
          [0, 'sign_in_failed', 'wrong_password', 47],
        );
      });

      it('do not change the events', async () => {
        const event = failed({});
        await store.append(event);
        await store.countBy({ from: noon, to: hours(1), step: HOUR }, []);
        expect((await store.list(ANY, 10, null)).events).toEqual([event]);
      });

      if (!isBounded)
        it(
          'have each of very many events once, and let other work go on',
          async () => {
            const all = range(25_000).map((index) =>
              failed({ at: after(0, index), ...(index % 2 ? {} : { details: {} }) }),
            );
            for (let start = 0; start < all.length; start += 500)
              await store.append(...all.slice(start, start + 500));
            let turns = 0;
            const turn = setInterval(() => (turns += 1), 0);
            await expectCounts(
              { from: noon, to: hours(1), step: 12_000 },
              [],
              [0, 'sign_in_failed', 'wrong_password', 6000],
              [0, 'sign_in_failed', null, 6000],
              [1, 'sign_in_failed', 'wrong_password', 6000],
              [1, 'sign_in_failed', null, 6000],
              [2, 'sign_in_failed', 'wrong_password', 500],
              [2, 'sign_in_failed', null, 500],
            );
            clearInterval(turn);
            expect(turns).toBeGreaterThan(1);
          },
          MANY_WRITES,
        );
    });

    it('deletes the oldest events before an instant, exact to the millisecond and in steps', async () => {
      const old = range(3).map((index) => anAuditEvent({ at: after(index) }));
      const kept = [anAuditEvent({ at: after(5) }), anAuditEvent({ at: after(5, 1) })];
      await appendAll([...old, ...kept]);
      expect(await store.forget(after(5), 2)).toBe(2);
      expect((await store.list(ANY, 10, null)).events).toEqual([...kept.toReversed(), old[2]]);
      expect(await store.forget(after(5), 2)).toBe(1);
      expect(await store.forget(after(5), 2)).toBe(0);
      expect((await store.list(ANY, 10, null)).events).toEqual(kept.toReversed());
    });

    for (const [way, spoil] of Object.entries(spoilings))
      it(`skips an event that cannot be read, and starts no page at it: ${way}`, async () => {
        const events = range(5).map((minute) => anAuditEvent({ at: after(minute) }));
        await appendAll(events);
        for (const event of [events[1]!, events[2]!, events[4]!]) await spoil(event);
        for (const limit of [1, 2, 10]) {
          const pages = await listAll(ANY, limit);
          expect(pages.flat()).toEqual([events[3], events[0]]);
        }
        const span = { from: noon, to: after(60), step: 3_600_000 };
        const [sound, ...others] = (await store.countBy(span, ['sign_in'])).filter(({ reason }) => !reason);
        expect([sound!.interval, others]).toEqual([0, []]);
        expect([2, 5].includes(sound!.count)).toBe(true);
        expect(await store.forget(after(60), 10)).toBeGreaterThanOrEqual(2);
      });
  });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
