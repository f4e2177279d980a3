import { MAIL_KINDS, type OutboxMail } from '../mail/outbox-mail.js';
import type { MailState, OutboxStore, StoredMail } from '../mail/outbox-store.js';
import { aMail } from './samples.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

/** A mail as it is stored at first. */
const waiting = (mail: OutboxMail): StoredMail => ({
  ...mail,
  attempts: 0,
  nextAt: mail.createdAt,
  error: null,
});

/** Declares the tests that every outbox must pass. `spoilings` make a stored mail unreadable. */
export function describeOutboxStore(
  name: string,
  open: () => Promise<StoreUnderTest<OutboxStore>>,
  { spoilings = {} }: { readonly spoilings?: Spoilings<OutboxMail> } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as an outbox`, () => {
    let store: OutboxStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const add = async (...createdAt: readonly Date[]) => {
      const mails = createdAt.map((at) => aMail({ createdAt: at }));
      await store.add(mails);
      return mails;
    };
    const claim = (now: Date, limit = 10, holder = 'here') => store.claim(holder, now, now, limit);
    const idsOf = (mails: readonly OutboxMail[] | null) => mails?.map(({ id }) => id);
    /** All pages to the end. */
    const listAll = async (state: MailState, limit: number) => {
      const pages: StoredMail[][] = [];
      for (let page = await store.list(state, limit, null); page.length > 0;) {
        pages.push(page);
        page = await store.list(state, limit, page.at(-1)!.id);
      }
      return pages;
    };

    describe('keeping', () => {
      it('returns added mails with all facts', async () => {
        const full = aMail({
          facts: {
            credentialVersion: 3,
            otherAddress: 'zo\u00eb@ex\u00e4mple.org',
            ip: '2001:db8::1',
            userAgent: `Zo\u00eb's "\u{1f36a}" \\u{9b}`,
            label: null,
          },
        });
        const empty = aMail({ userId: null, facts: {} });
        await store.add([full, empty]);
        expect(await claim(noon)).toEqual([full, empty].map(waiting));
        expect(await store.list(null, 10, null)).toEqual([full, empty].map(waiting));
      });

      it('keeps mails of every kind', async () => {
        const mails = MAIL_KINDS.map((kind) => aMail({ kind }));
        await store.add(mails);
        expect(await store.list(null, 100, null)).toEqual(mails.map(waiting));
      });

      for (const text of [`o'neil" -- ;`, '__proto__', '{"a":1}', 'zoe\u0308 \u{1f9e5}', '%', ''])
        it(`keeps the text ${JSON.stringify(text)} in every place`, async () => {
          const facts = { otherAddress: text, ip: text, userAgent: text, label: text };
          const mail = aMail({ to: text, userId: text, language: text, facts });
          await store.add([mail]);
          await store.postpone(mail.id, after(1), text);
          const stored = { ...mail, attempts: 1, nextAt: after(1), error: text };
          expect(await store.list(null, 10, null)).toEqual([stored]);
        });

      it('keeps a mail with a NUL in its texts, or with another character in its place', async () => {
        await store.add([aMail({ to: 'ann\0@example.com', facts: { userAgent: 'Example\0' } })]);
        const [mail] = (await claim(noon))!;
        expect(mail!.to).toMatch(/^ann.@example\.com$/su);
        expect(mail!.facts.userAgent).toMatch(/^Example.$/su);
        expect(await store.postpone(mail!.id, noon, 'refused\0')).toBe(true);
        expect((await claim(noon))![0]!.error).toMatch(/^refused.$/su);
      });

      it('cuts long texts, so that no mail is large', async () => {
        const long = '\u{1f9e5}'.repeat(50_000);
        const mail = aMail({ facts: { userAgent: long, label: long } });
        await store.add([mail]);
        await store.postpone(mail.id, noon, long);
        const [stored] = (await claim(noon))!;
        for (const text of [stored!.error!, stored!.facts.userAgent!, stored!.facts.label!]) {
          expect(text.length).toBeGreaterThan(200);
          expect(text.length).toBeLessThanOrEqual(1000);
          expect(long.startsWith(text) && text.isWellFormed()).toBe(true);
        }
        expect(stored!.error!.length).toBeLessThanOrEqual(500);
      });

      it('adds all mails of a call or none', async () => {
        const [first] = await add(noon);
        const broken = { ...aMail(), language: null as unknown as string };
        Object.defineProperty(broken, 'facts', {
          enumerable: true,
          get: () => {
            throw new Error('This mail cannot be read.');
          },
        });
        await expect(store.add([aMail(), broken])).rejects.toThrow();
        await store.add([]);
        expect(await store.list(null, 10, null)).toEqual([waiting(first!)]);
      });

      it('returns copies', async () => {
        const mail = aMail();
        await store.add([mail]);
        for (const found of [(await claim(noon))!, await store.list(null, 10, null)]) {
          found[0]!.createdAt.setTime(0);
          found[0]!.nextAt!.setTime(0);
          Object.assign(found[0]!.facts, { ip: '192.0.2.99' });
        }
        expect(await claim(noon)).toEqual([waiting(mail)]);
      });

      it('joins no other object', () => {
        for (const other of [{}, store, { outbox: null }, { database: null }, []])
          expect(store.joins(other)).toBe(false);
      });
    });

    describe('the right to send', () => {
      it('is given to one of many racing processes', async () => {
        await add(noon, noon);
        const claims = await all(16, (index) => store.claim(`process ${index}`, noon, after(60), 10));
        expect(claims.filter((mails) => mails !== null).map(({ length }) => length)).toEqual([2]);
      });

      it('is held until its end, and renewed by each claim of its holder', async () => {
        const [mail] = await add(noon);
        expect(await store.claim('here', noon, after(10), 10)).toEqual([waiting(mail!)]);
        expect(await store.claim('there', after(9.999), after(60), 10)).toBeNull();
        expect(await store.claim('here', after(9), after(19), 10)).toHaveLength(1);
        expect(await store.claim('there', after(10), after(60), 10)).toBeNull();
        expect(await store.claim('there', after(19), after(60), 10)).toEqual([waiting(mail!)]);
        expect(await store.claim('here', after(20), after(60), 10)).toBeNull();
      });

      it('is not taken if no mail is due', async () => {
        await add(after(5));
        expect(await store.claim('here', noon, after(10), 10)).toEqual([]);
        expect(await store.claim('there', after(5), after(10), 10)).toHaveLength(1);
        expect(await store.claim('here', after(5), after(10), 10)).toBeNull();
      });

      it('is given back by its holder only', async () => {
        await add(noon);
        await store.claim('here', noon, after(60), 10);
        await store.release('there');
        expect(await store.claim('there', noon, after(60), 10)).toBeNull();
        await store.release('here');
        expect(await store.claim('there', noon, after(60), 10)).toHaveLength(1);
        await store.release('here');
        expect(await store.claim('here', noon, after(60), 10)).toBeNull();
      });
    });

    describe('due mails', () => {
      it('are those that are due longest, up to the limit', async () => {
        const [third, first, second, late] = await add(after(3), after(1), after(2), after(100));
        expect(idsOf(await claim(after(50)))).toEqual([first!.id, second!.id, third!.id]);
        expect(idsOf(await claim(after(50), 2))).toEqual([first!.id, second!.id]);
        expect(idsOf(await claim(after(99.999)))).not.toContain(late!.id);
        expect(idsOf(await claim(after(100)))).toContain(late!.id);
      });

      it('are in order of their ids if they are due at the same time', async () => {
        const mails = range(5).map(() => aMail());
        await store.add(mails.toReversed());
        expect(idsOf(await claim(noon, 3))).toEqual(idsOf(mails.slice(0, 3)));
      });

      it('stay due until they are removed', async () => {
        const [mail, other] = await add(noon, after(1));
        for (let times = 0; times < 2; times += 1)
          expect(await claim(after(1))).toEqual([mail, other].map((one) => waiting(one!)));
        expect(await store.remove(mail!.id)).toBe(true);
        expect(await store.remove(mail!.id)).toBe(false);
        expect(await claim(after(1))).toEqual([waiting(other!)]);
      });

      it('are removed for one of many racing callers', async () => {
        const [mail] = await add(noon);
        const removed = await all(20, () => store.remove(mail!.id));
        expect(removed.filter(Boolean)).toHaveLength(1);
      });
    });

    describe('a failed attempt', () => {
      it('is counted, and the mail is tried again at the given time', async () => {
        const [mail, other] = await add(noon, noon);
        expect(await store.postpone(mail!.id, after(60), 'The server is busy.')).toBe(true);
        expect(await claim(after(59.999))).toEqual([waiting(other!)]);
        const failed = { ...mail!, attempts: 1, nextAt: after(60), error: 'The server is busy.' };
        expect(await claim(after(60))).toEqual([waiting(other!), failed]);
        expect(await store.postpone(mail!.id, after(90), 'Still busy.')).toBe(true);
        expect(await claim(after(90))).toEqual([
          waiting(other!),
          { ...mail!, attempts: 2, nextAt: after(90), error: 'Still busy.' },
        ]);
      });

      it('is the last one if there is no next time', async () => {
        const [mail, other] = await add(noon, noon);
        expect(await store.postpone(mail!.id, null, 'No such mailbox.')).toBe(true);
        const failed = { ...mail!, attempts: 1, nextAt: null, error: 'No such mailbox.' };
        expect(await claim(after(1e6))).toEqual([waiting(other!)]);
        expect(await store.list('failed', 10, null)).toEqual([failed]);
        expect(await store.list('waiting', 10, null)).toEqual([waiting(other!)]);
        expect(await store.list(null, 10, null)).toEqual([failed, waiting(other!)]);
      });

      it('is each counted if many are reported at the same time', async () => {
        const [mail] = await add(noon);
        await all(20, () => store.postpone(mail!.id, after(1), 'busy'));
        expect((await store.list(null, 10, null))[0]!.attempts).toBe(20);
      });

      it('is not counted for a mail that is not there', async () => {
        const [mail] = await add(noon);
        for (const id of [aMail().id, '', '\0', '__proto__', "' or 1=1 --", '%']) {
          expect(await store.postpone(id, null, 'no')).toBe(false);
          expect(await store.remove(id)).toBe(false);
          expect(await store.retry(id, noon)).toBe(0);
        }
        expect(await store.list(null, 10, null)).toEqual([waiting(mail!)]);
      });
    });

    describe('a retry', () => {
      it('makes one mail due, and counts its attempts from zero', async () => {
        const [mail, other, late] = await add(noon, noon, noon);
        for (const { id } of [mail!, other!]) await store.postpone(id, null, 'No such mailbox.');
        await store.postpone(late!.id, after(1000), 'busy');
        expect(await store.retry(mail!.id, after(5))).toBe(1);
        expect(await store.retry(late!.id, after(6))).toBe(1);
        expect(await claim(after(4.999))).toEqual([]);
        expect(await claim(after(6))).toMatchObject([
          { id: mail!.id, attempts: 0, nextAt: after(5) },
          { id: late!.id, attempts: 0, nextAt: after(6) },
        ]);
        expect(idsOf(await store.list('failed', 10, null))).toEqual([other!.id]);
      });

      it('makes all mails due that are not tried any more, and no other', async () => {
        const [first, second, late] = await add(noon, noon, noon);
        for (const { id } of [first!, second!]) await store.postpone(id, null, 'No such mailbox.');
        await store.postpone(late!.id, after(1000), 'busy');
        expect(await store.retry(null, after(5))).toBe(2);
        expect(idsOf(await claim(after(5)))).toEqual([first!.id, second!.id]);
        expect(await store.retry(null, after(5))).toBe(0);
        expect((await store.list(null, 10, null)).at(-1)).toMatchObject({ attempts: 1, nextAt: after(1000) });
      });
    });

    describe('the list', () => {
      it('has pages in order of the ids, each mail once', async () => {
        const mails = range(7).map((index) => aMail({ createdAt: after(index) }));
        await store.add(mails.slice(4).toReversed());
        await store.add(mails.slice(0, 4));
        const pages = await listAll(null, 3);
        expect(pages.map(({ length }) => length)).toEqual([3, 3, 1]);
        expect(pages.flat()).toEqual(mails.map(waiting));
      });

      it('has one state, or all', async () => {
        const mails = await add(...range(6).map((index) => after(index)));
        const failed = mails.filter((_, index) => index % 2 === 0);
        for (const { id } of failed) await store.postpone(id, null, 'No such mailbox.');
        const others = mails.filter((mail) => !failed.includes(mail));
        for (const [state, expected] of [
          ['failed', failed],
          ['waiting', others],
          [null, mails],
        ] as const) {
          expect(idsOf((await listAll(state, 2)).flat())).toEqual(idsOf(expected));
          expect(await store.count(state)).toBe(expected.length);
        }
      });

      it('is empty without mails', async () => {
        for (const state of ['failed', 'waiting', null] as const) {
          expect(await store.list(state, 10, null)).toEqual([]);
          expect(await store.count(state)).toBe(0);
        }
        expect(await store.retry(null, noon)).toBe(0);
        expect(await store.forget(after(1), 10)).toBe(0);
      });
    });

    it('forgets old mails of every state, exact to the millisecond and in steps', async () => {
      const old = await add(noon, after(1), after(2));
      const kept = await add(after(5), after(5.001));
      await store.postpone(old[0]!.id, null, 'No such mailbox.');
      await store.postpone(old[1]!.id, after(1000), 'busy');
      expect(await store.forget(after(5), 2)).toBe(2);
      expect(idsOf(await store.list(null, 10, null))).toEqual(idsOf([old[2]!, ...kept]));
      expect(await store.forget(after(5), 2)).toBe(1);
      expect(await store.forget(after(5), 2)).toBe(0);
      expect(await store.list(null, 10, null)).toEqual(kept.map(waiting));
    });

    for (const [way, spoil] of Object.entries(spoilings)) {
      it(`skips a mail that cannot be read: ${way}`, async () => {
        const mails = await add(...range(5).map((index) => after(index)));
        for (const mail of [mails[0]!, mails[1]!, mails[3]!]) await spoil(mail);
        for (const limit of [1, 2, 10]) {
          expect((await listAll(null, limit)).flat()).toEqual([mails[2]!, mails[4]!].map(waiting));
          expect(await claim(after(9), limit)).toEqual([mails[2]!, mails[4]!].slice(0, limit).map(waiting));
        }
        expect(await store.remove(mails[0]!.id)).toBe(true);
        await store.forget(after(60), 10);
        expect(await store.count(null)).toBe(0);
      });

      it(`returns a due mail behind many that cannot be read: ${way}`, async () => {
        const broken = await add(...range(12).map((index) => after(index)));
        for (const mail of broken) await spoil(mail);
        const [last] = await add(after(50));
        expect(await claim(after(60), 1)).toEqual([waiting(last!)]);
        expect(await store.list('waiting', 1, null)).toEqual([waiting(last!)]);
      });
    }
  });
}

function all<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(range(count).map(call));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
