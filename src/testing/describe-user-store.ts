import { describe, expect, it } from '@jest/globals';
import type { UserStore } from '../users/user-store.js';
import { aUser } from './samples.js';
import { type StoreUnderTest, openForEachClause } from './store-under-test.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);

/** What all user stores have in common: run it on yours. */
export function describeUserStore(name: string, open: () => Promise<StoreUnderTest<UserStore>>): void {
  describe(`${name} as a user store`, () => {
    let store: UserStore;
    openForEachClause(open, (opened) => {
      store = opened;
    });

    describe('keeping', () => {
      it('finds what was inserted, to the last fact', async () => {
        const user = aUser({
          firstName: 'Zo\u00eb',
          lastName: "O'Neil",
          role: 'admin',
          credentialVersion: 3,
        });
        expect(await store.insert(user, 'hash')).toBe(true);
        expect(await store.find(user.id)).toEqual(user);
        expect(await store.findCredential(user.email)).toEqual({ user, passwordHash: 'hash' });
      });

      it('hands the hash out to no one who asks for a user', async () => {
        const user = aUser();
        await store.insert(user, 'the-hash');
        const shown = [
          await store.find(user.id),
          await store.list(1, null),
          await store.update(user.id, {}, noon),
        ];
        expect(JSON.stringify(shown)).not.toContain('the-hash');
      });

      it.each(['__proto__', 'constructor', '', '\0', "' or 1=1 --"])(
        'finds nobody under %j',
        async (text) => {
          await store.insert(aUser(), 'hash');
          expect(await store.find(text)).toBeNull();
          expect(await store.findCredential(text)).toBeNull();
          expect(await store.remove(text)).toBe(false);
        },
      );

      it('hands out copies', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const found = await store.find(user.id);
        found!.createdAt.setTime(0);
        Object.assign(found!, { role: 'admin' });
        expect(await store.find(user.id)).toEqual(user);
      });
    });

    describe('addresses', () => {
      it.each([
        ['ann@example.com', 'ANN@Example.COM'],
        ['ann@example.com', ' ann@example.com '],
        ['zo\u00eb@example.com', 'zoe\u0308@example.com'],
      ])('%j and %j are one', async (first, second) => {
        const user = aUser({ email: first });
        expect(await store.insert(user, 'hash')).toBe(true);
        expect(await store.insert(aUser({ email: second }), 'hash')).toBe(false);
        expect((await store.findCredential(second))?.user).toEqual(user);
        expect(await store.count()).toBe(1);
      });

      it('go to one of many racing callers', async () => {
        const inserted = await Promise.all(
          range(20).map(() => store.insert(aUser({ email: 'ann@example.com' }), 'hash')),
        );
        expect(inserted.filter(Boolean)).toHaveLength(1);
      });

      it('are free again when their user is removed', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        expect(await store.remove(user.id)).toBe(true);
        expect(await store.remove(user.id)).toBe(false);
        expect(await store.insert(aUser({ email: user.email }), 'hash')).toBe(true);
      });
    });

    describe('the first user', () => {
      it('is one of many racing callers', async () => {
        const founded = await Promise.all(range(20).map(() => store.insertFirst(aUser(), 'hash')));
        expect(founded.filter(Boolean)).toHaveLength(1);
        expect(await store.count()).toBe(1);
      });

      it('is found with every fact', async () => {
        const user = aUser({ role: 'admin', firstName: 'Ann' });
        await store.insertFirst(user, 'hash');
        expect(await store.findCredential(user.email)).toEqual({ user, passwordHash: 'hash' });
      });

      it('is nobody where there are users', async () => {
        await store.insert(aUser(), 'hash');
        expect(await store.insertFirst(aUser(), 'hash')).toBe(false);
      });
    });

    describe('the list', () => {
      it('goes page by page, oldest first, each user once', async () => {
        const users = range(7).map((index) => aUser({ createdAt: after(index - (index % 2)) }));
        for (const user of users.toReversed()) await store.insert(user, 'hash');
        const seen = [];
        for (
          let page = await store.list(3, null);
          page.length > 0;
          page = await store.list(3, page.at(-1)!)
        ) {
          seen.push(...page);
        }
        const expected = users.toSorted(
          (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
        );
        expect(seen).toEqual(expected);
      });

      it('is empty where there is nobody', async () => {
        expect(await store.list(10, null)).toEqual([]);
        expect(await store.count()).toBe(0);
      });
    });

    describe('update', () => {
      it('changes what is named and leaves the rest', async () => {
        const user = aUser({ firstName: 'Ann', lastName: 'Lee' });
        await store.insert(user, 'hash');
        const changed = await store.update(user.id, { firstName: 'Anna', role: 'admin' }, after(1));
        expect(changed).toEqual({ ...user, firstName: 'Anna', role: 'admin', updatedAt: after(1) });
        expect(await store.find(user.id)).toEqual(changed);
      });

      it('is null for an unknown user and makes none', async () => {
        expect(await store.update(aUser().id, { firstName: 'Ann' }, noon)).toBeNull();
        expect(await store.count()).toBe(0);
      });

      it('makes what was granted worthless when it disables, and not when it enables', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const disabled = await store.update(user.id, { disabled: true }, noon);
        expect(disabled).toMatchObject({ disabled: true, credentialVersion: user.credentialVersion + 1 });
        const enabled = await store.update(user.id, { disabled: false }, noon);
        expect(enabled).toMatchObject({ disabled: false, credentialVersion: user.credentialVersion + 1 });
      });
    });

    describe('replacePassword', () => {
      it('sets the hash and makes what was granted worthless', async () => {
        const user = aUser();
        await store.insert(user, 'old');
        const changed = await store.replacePassword(user.id, 1, 'new', after(1));
        expect(changed).toEqual({ ...user, credentialVersion: 2, updatedAt: after(1) });
        expect(await store.findCredential(user.email)).toEqual({ user: changed, passwordHash: 'new' });
      });

      it('lets one of many racing callers win', async () => {
        const user = aUser();
        await store.insert(user, 'old');
        const changed = await Promise.all(
          range(20).map((index) => store.replacePassword(user.id, 1, `new-${index}`, noon)),
        );
        const winner = changed.findIndex((one) => one !== null);
        expect(changed.filter((one) => one !== null)).toHaveLength(1);
        expect((await store.findCredential(user.email))?.passwordHash).toBe(`new-${winner}`);
      });
    });

    describe('upgradeHash', () => {
      it('sets another hash and leaves what was granted', async () => {
        const user = aUser();
        await store.insert(user, 'old');
        expect(await store.upgradeHash(user.id, 'old', 'new')).toBe(true);
        expect(await store.findCredential(user.email)).toEqual({ user, passwordHash: 'new' });
      });

      it('does not undo a change of the password', async () => {
        const user = aUser();
        await store.insert(user, 'old');
        await store.replacePassword(user.id, 1, 'changed', noon);
        expect(await store.upgradeHash(user.id, 'old', 'new')).toBe(false);
        expect((await store.findCredential(user.email))?.passwordHash).toBe('changed');
      });
    });
  });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
