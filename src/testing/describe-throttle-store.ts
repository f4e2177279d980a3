import { describe, expect, it } from '@jest/globals';
import { NEVER } from '../common/clock.js';
import type { ThrottleStore } from '../throttle/throttle-store.js';
import { type Spoilings, type StoreUnderTest, openForEachClause } from './store-under-test.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

/** What all tally stores have in common: run it on yours. `spoilings` are ways in which what is under a key can become unreadable. */
export function describeThrottleStore(
  name: string,
  open: () => Promise<StoreUnderTest<ThrottleStore>>,
  { spoilings = {} }: { readonly spoilings?: Spoilings<string> } = {},
): void {
  describe(`${name} as a tally store`, () => {
    let store: ThrottleStore;
    openForEachClause(open, (opened) => {
      store = opened;
    });

    const read = async (key: string, now = noon) => (await store.read([key], now))[0];

    it('reads many at once, in the order of their keys', async () => {
      await store.swap('one', null, '1', NEVER, noon);
      await store.swap('two', null, '2', NEVER, noon);
      expect(await store.read(['two', 'none', 'one', 'two'], noon)).toEqual(['2', null, '1', '2']);
    });

    it.each(['__proto__', 'a key:of/many %parts', "' or 1=1 --", '*'])(
      'keeps what is under %j',
      async (key) => {
        expect(await read(key)).toBeNull();
        expect(await store.swap(key, null, '{"text": "with blanks"}', NEVER, noon)).toBe(true);
        expect(await read(key)).toBe('{"text": "with blanks"}');
      },
    );

    it('changes what is as it was seen, and nothing else', async () => {
      expect(await store.swap('key', 'what never was', 'text', NEVER, noon)).toBe(false);
      expect(await store.swap('key', null, 'first', NEVER, noon)).toBe(true);
      expect(await store.swap('key', null, 'other', NEVER, noon)).toBe(false);
      expect(await store.swap('key', 'other', 'third', NEVER, noon)).toBe(false);
      expect(await store.swap('key', 'first', 'second', NEVER, noon)).toBe(true);
      expect(await read('key')).toBe('second');
    });

    it('lets one of many win who change the same at once', async () => {
      for (const from of [null, 'text 7']) {
        const swaps = Array.from({ length: 20 }, (_, index) =>
          store.swap('key', from, from ? `later ${index}` : 'text 7', NEVER, noon),
        );
        expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
      }
    });

    it('has nothing whose time is over, and anew what is set after it', async () => {
      await store.swap('key', null, 'text', after(10), noon);
      expect(await read('key', after(9.999))).toBe('text');
      expect(await read('key', after(10))).toBeNull();
      expect(await store.swap('key', 'text', 'next', NEVER, after(10))).toBe(false);
      expect(await store.swap('key', null, 'next', after(20), after(10))).toBe(true);
      expect(await read('key', after(19))).toBe('next');
    });

    it('takes away what is set until now', async () => {
      await store.swap('key', null, 'text', NEVER, noon);
      expect(await store.swap('key', 'text', 'gone', noon, noon)).toBe(true);
      expect(await read('key')).toBeNull();
    });

    it('keeps what lasts while it clears what is over', async () => {
      await store.swap('lasting', null, 'text', NEVER, noon);
      for (let index = 0; index < 1000; index += 1)
        await store.swap(`passing ${index}`, null, 'text', after(1), index < 500 ? noon : after(2));
      expect(await read('lasting', after(3))).toBe('text');
      expect(await read('passing 7', after(3))).toBeNull();
    });

    for (const [way, spoil] of Object.entries(spoilings))
      it(`has nothing where something unreadable is: ${way}`, async () => {
        await store.swap('spoilt', null, 'text', NEVER, noon);
        await store.swap('other', null, 'text', NEVER, noon);
        await spoil('spoilt');
        expect(await store.read(['other', 'spoilt'], noon)).toEqual(['text', null]);
        expect(await store.swap('spoilt', null, 'next', NEVER, noon)).toBe(true);
        expect(await read('spoilt')).toBe('next');
      });
  });
}
