import { NEVER } from '../common/clock.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import type { OutboxStore } from '../mail/outbox-store.js';
import type { TokenStore } from '../users/token-store.js';
import { describeMailsOf } from './describe-mails-of.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (seconds: number) => new Date(noon.getTime() + seconds * 1000);

/**
 * Declares the tests that every store of one-time tokens must pass. `spoilings` make the text of a key unreadable. `outbox` returns
 * the outbox that joins the opened store, if there is one.
 */
export function describeTokenStore(
  name: string,
  open: () => Promise<StoreUnderTest<TokenStore>>,
  {
    spoilings = {},
    outbox,
  }: { readonly spoilings?: Spoilings<string>; readonly outbox?: () => OutboxStore } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as a store of one-time tokens`, () => {
    let store: TokenStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const swapping = (from: string | null) => ({
      make: (mails: readonly OutboxMail[]) => store.swap('key', from, 'text', NEVER, noon, mails),
      isMade: async () => (await store.read('key', noon)) === 'text',
    });
    describeMailsOf(
      () => store,
      outbox,
      {
        made: {
          'a first text': async () => swapping(null),
          'another text': async () => {
            await store.swap('key', null, 'before', NEVER, noon);
            return swapping('before');
          },
        },
        refused: { 'a text in place of what is not there': (mails) => swapping('before').make(mails) },
      },
      framework,
    );

    for (const key of ['__proto__', 'a key:of/many %parts', "' or 1=1 --", '*'])
      it(`stores a text under ${JSON.stringify(key)}`, async () => {
        expect(await store.read(key, noon)).toBeNull();
        expect(await store.swap(key, null, '{"text": "with blanks"}', NEVER, noon)).toBe(true);
        expect(await store.read(key, noon)).toBe('{"text": "with blanks"}');
      });

    it('changes a text only if it is the expected one', async () => {
      expect(await store.swap('key', 'what never was', 'text', NEVER, noon)).toBe(false);
      expect(await store.read('key', noon)).toBeNull();
      expect(await store.swap('key', null, 'first', NEVER, noon)).toBe(true);
      expect(await store.swap('key', null, 'other', NEVER, noon)).toBe(false);
      expect(await store.swap('key', 'other', 'third', NEVER, noon)).toBe(false);
      expect(await store.swap('key', 'first', 'second', NEVER, noon)).toBe(true);
      expect(await store.read('key', noon)).toBe('second');
      expect(await store.read('other', noon)).toBeNull();
    });

    it('lets one of many racing callers win', async () => {
      for (const from of [null, 'text 7']) {
        const swaps = Array.from({ length: 20 }, (_, index) =>
          store.swap('key', from, from ? `later ${index}` : 'text 7', NEVER, noon),
        );
        expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
      }
    });

    it('does not return an expired text, and accepts a new one', async () => {
      await store.swap('key', null, 'text', after(10), noon);
      expect(await store.read('key', after(9.999))).toBe('text');
      expect(await store.read('key', after(10))).toBeNull();
      expect(await store.swap('key', 'text', 'next', NEVER, after(10))).toBe(false);
      expect(await store.swap('key', null, 'next', after(20), after(10))).toBe(true);
      expect(await store.read('key', after(19))).toBe('next');
    });

    it('removes a text that is set with an expiry of now', async () => {
      await store.swap('key', null, 'text', NEVER, noon);
      expect(await store.swap('key', 'text', 'gone', noon, noon)).toBe(true);
      expect(await store.read('key', noon)).toBeNull();
    });

    for (const [way, spoil] of Object.entries(spoilings))
      it(`treats an unreadable text as absent: ${way}`, async () => {
        await store.swap('spoilt', null, 'text', NEVER, noon);
        await store.swap('other', null, 'text', NEVER, noon);
        await spoil('spoilt');
        expect(await store.read('spoilt', noon)).toBeNull();
        expect(await store.read('other', noon)).toBe('text');
        expect(await store.swap('spoilt', null, 'next', NEVER, noon)).toBe(true);
        expect(await store.read('spoilt', noon)).toBe('next');
      });
  });
}
