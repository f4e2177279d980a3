import type { FactorStore } from '../factors/factor-store.js';
import type { OutboxMail } from '../mail/outbox-mail.js';
import type { OutboxStore } from '../mail/outbox-store.js';
import { describeMailsOf } from './describe-mails-of.js';
import { type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const entryOf = (text: string, handle = 'handle of Ann') => ({ handle, text });

/**
 * Declares the tests that every store of second factors must pass. `outbox` returns the outbox that joins the opened store, if there is
 * one.
 */
export function describeFactorStore(
  name: string,
  open: () => Promise<StoreUnderTest<FactorStore>>,
  { outbox }: { readonly outbox?: () => OutboxStore } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as a store of second factors`, () => {
    let store: FactorStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const swapping = (from: string | null) => ({
      make: (mails: readonly OutboxMail[]) => store.swap('ann', from, entryOf('next'), mails),
      isMade: async () => (await store.find('ann'))?.text === 'next',
    });
    describeMailsOf(
      () => store,
      outbox,
      {
        made: {
          'a first text': async () => swapping(null),
          'another text': async () => {
            await store.swap('ann', null, entryOf('before'));
            return swapping('before');
          },
        },
        refused: { 'a text in place of what is not there': (mails) => swapping('before').make(mails) },
      },
      framework,
    );

    for (const id of ['ann', '7', '__proto__', "' or 1=1 --", 'user:with/many %parts'])
      it(`keeps the factors of ${JSON.stringify(id)}, found by user and by handle`, async () => {
        expect([await store.find(id), await store.ownerOf('handle')]).toEqual([null, null]);
        expect(await store.swap(id, null, entryOf('{"totp": null}', 'handle'))).toBe(true);
        expect(await store.find(id)).toEqual({ handle: 'handle', text: '{"totp": null}' });
        expect(await store.ownerOf('handle')).toBe(id);
        expect([await store.find('ben'), await store.ownerOf('Handle')]).toEqual([null, null]);
      });

    it('changes factors only if they are the expected ones', async () => {
      expect(await store.swap('ann', 'what never was', entryOf('first'))).toBe(false);
      expect(await store.swap('ann', null, entryOf('first'))).toBe(true);
      expect(await store.swap('ann', null, entryOf('other'))).toBe(false);
      expect(await store.swap('ann', 'other', entryOf('third'))).toBe(false);
      expect(await store.swap('ben', 'first', entryOf('third', 'of Ben'))).toBe(false);
      expect(await store.swap('ann', 'first', entryOf('second', 'another handle'))).toBe(true);
      expect(await store.find('ann')).toEqual({ handle: 'another handle', text: 'second' });
      expect(await store.ownerOf('handle of Ann')).toBeNull();
      expect(await store.ownerOf('another handle')).toBe('ann');
    });

    it('removes factors only if they are the expected ones', async () => {
      expect(await store.swap('ann', null, null)).toBe(false);
      await store.swap('ann', null, entryOf('first'));
      expect(await store.swap('ann', null, null)).toBe(false);
      expect(await store.swap('ann', 'other', null)).toBe(false);
      expect(await store.swap('ann', 'first', null)).toBe(true);
      expect([await store.find('ann'), await store.ownerOf('handle of Ann')]).toEqual([null, null]);
      expect(await store.swap('ann', 'first', null)).toBe(false);
      expect(await store.swap('ann', null, entryOf('again'))).toBe(true);
    });

    it('keeps a handle for one user', async () => {
      await store.swap('ann', null, entryOf('first'));
      await expect(store.swap('ben', null, entryOf('other'))).rejects.toThrow();
      expect(await store.find('ben')).toBeNull();
      expect(await store.ownerOf('handle of Ann')).toBe('ann');
    });

    it('lets one of many racing callers win', async () => {
      for (const from of [null, 'text 7']) {
        const swaps = Array.from({ length: 20 }, (_, index) =>
          store.swap('ann', from, entryOf(from ? `later ${index}` : 'text 7')),
        );
        expect((await Promise.all(swaps)).filter(Boolean)).toHaveLength(1);
      }
    });
  });
}
