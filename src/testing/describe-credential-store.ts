import type { OutboxMail } from '../mail/outbox-mail.js';
import type { OutboxStore } from '../mail/outbox-store.js';
import { type CredentialStore, FIRST_VERSION } from '../users/credential-store.js';
import { describeMailsOf } from './describe-mails-of.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');

/** Ids of the tables of applications, as text. */
const IDS = {
  'an integer': '1',
  'a negative integer': '-9223372036854775808',
  'an integer with a leading zero': '01',
  'a UUID': '0193a1b2-c3d4-7e5f-8a9b-0c1d2e3f4a5b',
  'a UUID in upper case': '0193A1B2-C3D4-7E5F-8A9B-0C1D2E3F4A5B',
  'an ObjectId': '507f1f77bcf86cd799439011',
  'a name of Object.prototype': '__proto__',
  'a name of a function': 'constructor',
  quotes: `o'neil" -- ;`,
  'a name in two parts': 'tenant/7:ann',
  'a blank': ' ',
  'a composed letter': 'zo\u00eb',
  'a decomposed letter': 'zoe\u0308',
  'an emoji': '\u{1f9e5}',
  '1000 characters': 'x'.repeat(1000),
};

/**
 * Declares the tests that every credential store must pass. `spoilings` make the credential of a user unreadable. `outbox` returns
 * the outbox that joins the opened store, if there is one.
 */
export function describeCredentialStore(
  name: string,
  open: () => Promise<StoreUnderTest<CredentialStore>>,
  {
    spoilings = {},
    outbox,
  }: { readonly spoilings?: Spoilings<string>; readonly outbox?: () => OutboxStore } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect } = framework;
  describe(`${name} as a credential store`, () => {
    let store: CredentialStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    const replacing = (version: number) => ({
      make: async (mails: readonly OutboxMail[]) =>
        (await store.replace('ann', version, 'hash', noon, mails)) !== null,
      isMade: async () => (await store.find('ann'))?.passwordHash === 'hash',
    });
    describeMailsOf(
      () => store,
      outbox,
      {
        made: {
          'a first hash': async () => replacing(FIRST_VERSION),
          'a change of the password': async () => {
            await store.adopt('ann', 'adopted', noon);
            await store.revoke('ann', noon);
            return replacing(2);
          },
        },
        refused: { 'a change of the password of another version': (mails) => replacing(2).make(mails) },
      },
      framework,
    );

    it('finds nothing of a user of whom nothing is stored', async () => {
      await store.adopt('ann', 'hash', noon);
      for (const id of ['ben', 'ANN', 'ann ', '', '\0', '__proto__', 'constructor', "' or 1=1 --"])
        expect([id, await store.find(id)]).toEqual([id, null]);
    });

    for (const [kind, id] of Object.entries(IDS))
      it(`keeps the credential of an id that is ${kind}, apart from all others`, async () => {
        const others = Object.values(IDS).filter((other) => other !== id);
        for (const [index, other] of others.entries()) await store.adopt(other, `hash ${index}`, noon);
        expect(await store.adopt(id, 'adopted', noon)).toBe(true);
        expect(await store.find(id)).toEqual({ passwordHash: 'adopted', version: FIRST_VERSION });
        expect(await store.upgradeHash(id, 'adopted', 'upgraded')).toBe(true);
        expect(await store.revoke(id, noon)).toBe(2);
        expect(await store.find(id)).toEqual({ passwordHash: 'upgraded', version: 2 });
        expect(await store.replace(id, 2, 'replaced', noon)).toEqual({
          passwordHash: 'replaced',
          version: 3,
        });
        for (const [index, other] of others.entries())
          expect(await store.find(other)).toEqual({ passwordHash: `hash ${index}`, version: FIRST_VERSION });
        expect(await store.remove(id)).toBe(true);
        expect(await store.find(id)).toBeNull();
        expect(await store.find(others[0]!)).toEqual({ passwordHash: 'hash 0', version: FIRST_VERSION });
      });

    describe('adopt', () => {
      it('stores a first hash and keeps the version that was raised before', async () => {
        await store.revoke('ann', noon);
        expect(await store.adopt('ann', 'hash', noon)).toBe(true);
        expect(await store.find('ann')).toEqual({ passwordHash: 'hash', version: 2 });
      });

      it('does not replace a hash', async () => {
        await store.replace('ann', FIRST_VERSION, 'chosen', noon);
        expect(await store.adopt('ann', 'old', noon)).toBe(false);
        expect(await store.find('ann')).toEqual({ passwordHash: 'chosen', version: 2 });
      });

      it('lets one of many racing callers win', async () => {
        const adopted = await all(20, (index) => store.adopt('ann', `hash ${index}`, noon));
        expect(adopted.filter(Boolean)).toHaveLength(1);
        const passwordHash = `hash ${adopted.indexOf(true)}`;
        expect(await store.find('ann')).toEqual({ passwordHash, version: FIRST_VERSION });
      });
    });

    describe('replace', () => {
      it('sets the hash of a user of whom nothing is stored', async () => {
        const replaced = await store.replace('ann', FIRST_VERSION, 'hash', noon);
        expect(replaced).toEqual({ passwordHash: 'hash', version: 2 });
        expect(await store.find('ann')).toEqual({ passwordHash: 'hash', version: 2 });
      });

      it('changes nothing if the version is another one', async () => {
        for (const version of [0, 2, 3]) expect(await store.replace('ann', version, 'hash', noon)).toBeNull();
        expect(await store.find('ann')).toBeNull();
        await store.adopt('ann', 'adopted', noon);
        await store.revoke('ann', noon);
        for (const version of [0, FIRST_VERSION, 3])
          expect(await store.replace('ann', version, 'hash', noon)).toBeNull();
        expect(await store.find('ann')).toEqual({ passwordHash: 'adopted', version: 2 });
      });

      for (const before of ['nothing', 'a hash'])
        it(`lets one of many racing callers win, where ${before} is stored`, async () => {
          if (before === 'a hash') await store.adopt('ann', 'adopted', noon);
          const replaced = await all(20, (index) =>
            store.replace('ann', FIRST_VERSION, `hash ${index}`, noon),
          );
          const winners = replaced.filter((one) => one !== null);
          expect(winners).toHaveLength(1);
          const passwordHash = `hash ${replaced.findIndex((one) => one !== null)}`;
          expect(winners).toEqual([{ passwordHash, version: 2 }]);
          expect(await store.find('ann')).toEqual({ passwordHash, version: 2 });
        });
    });

    describe('upgradeHash', () => {
      it('sets another hash and keeps the version', async () => {
        await store.replace('ann', FIRST_VERSION, 'old', noon);
        expect(await store.upgradeHash('ann', 'old', 'new')).toBe(true);
        expect(await store.find('ann')).toEqual({ passwordHash: 'new', version: 2 });
      });

      it('does not undo a change of the password', async () => {
        await store.adopt('ann', 'old', noon);
        await store.replace('ann', FIRST_VERSION, 'chosen', noon);
        expect(await store.upgradeHash('ann', 'old', 'new')).toBe(false);
        expect(await store.find('ann')).toEqual({ passwordHash: 'chosen', version: 2 });
      });

      it('creates nothing', async () => {
        expect(await store.upgradeHash('ann', 'old', 'new')).toBe(false);
        expect(await store.find('ann')).toBeNull();
        await store.revoke('ann', noon);
        expect(await store.upgradeHash('ann', 'null', 'new')).toBe(false);
        expect(await store.find('ann')).toEqual({ passwordHash: null, version: 2 });
      });
    });

    describe('revoke', () => {
      it('raises the version of a user of whom nothing is stored', async () => {
        expect(await store.revoke('ann', noon)).toBe(2);
        expect(await store.find('ann')).toEqual({ passwordHash: null, version: 2 });
      });

      it('keeps the hash', async () => {
        await store.adopt('ann', 'hash', noon);
        expect(await store.revoke('ann', noon)).toBe(2);
        expect(await store.find('ann')).toEqual({ passwordHash: 'hash', version: 2 });
      });

      it('raises the version for each of many racing callers', async () => {
        const versions = await all(20, () => store.revoke('ann', noon));
        expect(versions.toSorted((a, b) => a - b)).toEqual(range(20).map((index) => index + 2));
        expect(await store.find('ann')).toEqual({ passwordHash: null, version: 21 });
      });
    });

    describe('remove', () => {
      it('deletes the credential of one user', async () => {
        for (const id of ['ann', 'ben']) await store.adopt(id, 'hash', noon);
        expect(await store.remove('ann')).toBe(true);
        expect(await store.remove('ann')).toBe(false);
        expect(await store.find('ann')).toBeNull();
        expect(await store.find('ben')).toEqual({ passwordHash: 'hash', version: FIRST_VERSION });
      });

      it('is reported to one of many racing callers', async () => {
        await store.revoke('ann', noon);
        expect((await all(20, () => store.remove('ann'))).filter(Boolean)).toHaveLength(1);
      });
    });

    it('raises the version once for each change among adopting, changing and revoking callers', async () => {
      let seen: number = FIRST_VERSION;
      for (let round = 0; round < 5; round += 1) {
        const version = seen;
        const [replaced, revoked, adopted] = await Promise.all([
          all(7, (index) => store.replace('ann', version, `hash ${round} ${index}`, noon)),
          all(7, () => store.revoke('ann', noon)),
          all(6, (index) => store.adopt('ann', `adopted ${index}`, noon)),
        ]);
        const changes = replaced.filter((one) => one !== null);
        const after = await store.find('ann');
        expect(changes.length).toBeLessThanOrEqual(1);
        expect(adopted.filter(Boolean).length).toBeLessThanOrEqual(round === 0 ? 1 : 0);
        expect(after?.version).toBe(version + 7 + changes.length);
        expect(new Set([...revoked, ...changes.map((one) => one.version)]).size).toBe(7 + changes.length);
        expect(Math.min(...revoked)).toBeGreaterThan(version);
        seen = after!.version;
      }
    });

    for (const [way, spoil] of Object.entries(spoilings))
      it(`a credential that cannot be read is not treated as missing: ${way}`, async () => {
        for (const id of ['ann', 'ben']) {
          await store.replace(id, FIRST_VERSION, 'hash', noon);
          await store.revoke(id, noon);
        }
        await spoil('ann');
        const [ann, ben] = await Promise.allSettled([store.find('ann'), store.find('ben')]);
        expect(ann.status).toBe('rejected');
        expect(ben).toEqual({ status: 'fulfilled', value: { passwordHash: 'hash', version: 3 } });
        expect(await store.adopt('ann', 'adopted', noon)).toBe(false);
        expect(await store.upgradeHash('ann', 'null', 'upgraded')).toBe(false);
        expect(await store.replace('ann', FIRST_VERSION, 'chosen', noon)).toBeNull();
        const revoked = await store.revoke('ann', noon).catch(() => null);
        expect([null, 4].includes(revoked)).toBe(true);
        expect((await Promise.allSettled([store.find('ann')]))[0].status).toBe('rejected');
        expect(await store.remove('ann')).toBe(true);
        expect(await store.find('ann')).toBeNull();
      });
  });
}

function all<T>(count: number, call: (index: number) => Promise<T>): Promise<T[]> {
  return Promise.all(range(count).map(call));
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
