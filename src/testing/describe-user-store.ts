import { beforeEach, describe, expect, it } from '@jest/globals';
import type { User } from '../users/user.js';
import type { UserChanges, UserStore } from '../users/user-store.js';
import { aUser } from './samples.js';
import { type Spoilings, type StoreUnderTest, openForEachClause } from './store-under-test.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);

/** What all user stores have in common: run it on yours. `spoilings` are ways in which its entries can become unreadable. */
export function describeUserStore(
  name: string,
  open: () => Promise<StoreUnderTest<UserStore>>,
  { spoilings = {} }: { readonly spoilings?: Spoilings<User> } = {},
): void {
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
          expect(await store.remove(text)).toBe('not_found');
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
        ['ann@ex\u00e4mple.org', 'ann@xn--exmple-cua.org'],
        ['ann@xn--exmple-cua.org', 'ann@EXA\u0308MPLE\u3002org'],
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
        expect(await store.remove(user.id)).toBe('removed');
        expect(await store.remove(user.id)).toBe('not_found');
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
        const expected = { ...user, firstName: 'Anna', role: 'admin', updatedAt: after(1) };
        expect(changed).toEqual({ outcome: 'updated', before: user, after: expected });
        expect(await store.find(user.id)).toEqual(expected);
      });

      it('removes a name that is null, and leaves one that is undefined', async () => {
        const user = aUser({ firstName: 'Ann', lastName: 'Lee' });
        await store.insert(user, 'hash');
        const first = await store.update(user.id, { firstName: null, lastName: undefined }, after(1));
        const expected = { ...user, firstName: null, updatedAt: after(1) };
        expect(first).toEqual({ outcome: 'updated', before: user, after: expected });
        const last = await store.update(user.id, { lastName: null }, after(1));
        expect(last).toMatchObject({ after: { firstName: null, lastName: null } });
        expect(await store.find(user.id)).toEqual({ ...expected, lastName: null });
      });

      it('finds no unknown user and makes none', async () => {
        for (const changes of [{ firstName: 'Ann' }, { role: 'user' }, { disabled: true }] as const)
          expect(await store.update(aUser().id, changes, noon)).toEqual({ outcome: 'not_found' });
        expect(await store.count()).toBe(0);
      });

      it('makes what was granted worthless when it disables, and not when it enables', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const disabled = await store.update(user.id, { disabled: true }, noon);
        const credentialVersion = user.credentialVersion + 1;
        expect(disabled).toMatchObject({ after: { disabled: true, credentialVersion } });
        const enabled = await store.update(user.id, { disabled: false }, noon);
        expect(enabled).toMatchObject({ after: { disabled: false, credentialVersion } });
      });
    });

    describe('a change of the address', () => {
      const ann = aUser({ email: 'ann@example.com', firstName: 'Ann' });
      const ben = aUser({ email: 'ben@example.com' });
      beforeEach(async () => {
        await store.insert(ann, 'the hash of Ann');
        await store.insert(ben, 'the hash of Ben');
      });

      it('leaves the hash and what was granted', async () => {
        const changed = await store.update(ann.id, { email: 'Lee@example.com' }, after(1));
        const expected = { ...ann, email: 'Lee@example.com', updatedAt: after(1) };
        expect(changed).toEqual({ outcome: 'updated', before: ann, after: expected });
        expect(await store.find(ann.id)).toEqual(expected);
        const credential = { user: expected, passwordHash: 'the hash of Ann' };
        expect(await store.findCredential(' lee@EXAMPLE.com')).toEqual(credential);
        expect(await store.findCredential(ann.email)).toBeNull();
      });

      it('frees the old one, for a new user or another, and takes the new one', async () => {
        await store.update(ann.id, { email: 'lee@example.com' }, noon);
        expect(await store.insert(aUser({ email: 'LEE@example.com' }), 'hash')).toBe(false);
        expect(await store.update(ben.id, { email: ann.email }, noon)).toMatchObject({ outcome: 'updated' });
        expect((await store.findCredential(ann.email))?.passwordHash).toBe('the hash of Ben');
        expect(await store.insert(aUser({ email: ben.email }), 'hash')).toBe(true);
      });

      it('frees the new one with its user', async () => {
        await store.update(ann.id, { email: 'lee@example.com' }, noon);
        expect(await store.remove(ann.id)).toBe('removed');
        for (const email of [ann.email, 'lee@example.com'])
          expect(await store.insert(aUser({ email }), 'hash')).toBe(true);
      });

      it.each(['ben@example.com', ' BEN@Example.com'])(
        'to the one of another, %j, changes nothing at all',
        async (email) => {
          const changes = { email, firstName: 'Anna', role: 'admin', disabled: true } as const;
          expect(await store.update(ann.id, changes, after(1))).toEqual({ outcome: 'email_taken' });
          expect(await store.findCredential(ann.email)).toEqual({
            user: ann,
            passwordHash: 'the hash of Ann',
          });
          expect((await store.findCredential(ben.email))?.user).toEqual(ben);
        },
      );

      it.each(['ann@example.com', ' ANN@Example.com'])("to one's own, %j, is one like any", async (email) => {
        expect(await store.update(ann.id, { email }, noon)).toMatchObject({ after: { email } });
        expect((await store.findCredential(ann.email))?.user.email).toBe(email);
        expect(await store.insert(aUser({ email: ann.email }), 'hash')).toBe(false);
      });

      it('finds no unknown user, and tells of the last administrator before it tells of another', async () => {
        const taken = { email: ben.email, role: 'user' } as const;
        expect(await store.update(aUser().id, taken, noon)).toEqual({ outcome: 'not_found' });
        expect(await store.update(aUser().id, { email: 'lee@example.com' }, noon)).toEqual({
          outcome: 'not_found',
        });
        const root = aUser({ role: 'admin' });
        await store.insert(root, 'hash');
        expect(await store.update(root.id, taken, noon)).toEqual({ outcome: 'last_admin' });
        const free = { email: 'lee@example.com', disabled: true };
        expect(await store.update(root.id, free, noon)).toEqual({ outcome: 'last_admin' });
        expect(await store.findCredential('lee@example.com')).toBeNull();
      });

      it('is made by one of many who race for an address', async () => {
        const users = range(20).map(() => aUser());
        for (const user of users) await store.insert(user, user.id);
        const outcomes = await Promise.all(
          users.map(async ({ id }, index) => {
            const email = index % 2 === 0 ? 'lee@example.com' : 'LEE@example.com';
            return (await store.update(id, { email }, noon)).outcome;
          }),
        );
        expect(outcomes.toSorted()).toEqual([...range(19).map(() => 'email_taken'), 'updated']);
        const winner = users[outcomes.indexOf('updated')]!;
        expect((await store.findCredential('lee@example.com'))?.passwordHash).toBe(winner.id);
        for (const loser of users.filter((user) => user !== winner))
          expect((await store.findCredential(loser.email))?.user).toEqual(loser);
      });

      it.each(['before', 'after'])(
        'and new users who race for an address have one winner, where the users come %s',
        async (place) => {
          const users = range(10).map(() => aUser());
          for (const user of users) await store.insert(user, 'hash');
          const email = 'lee@example.com';
          const update = async ({ id }: User) =>
            (await store.update(id, { email }, noon)).outcome === 'updated';
          const newcomers = range(10).map(() => () => store.insert(aUser({ email }), 'hash'));
          const changes = users.map((user) => () => update(user));
          const calls = place === 'before' ? [...newcomers, ...changes] : [...changes, ...newcomers];
          const won = await Promise.all(calls.map((call) => call()));
          expect(won.filter(Boolean)).toHaveLength(1);
          const isInserted = (await store.count()) === 13;
          expect(won.indexOf(true) < 10).toBe(isInserted === (place === 'before'));
        },
      );
    });

    describe('the last administrator who is not disabled', () => {
      const root = aUser({ role: 'admin' });
      beforeEach(async () => {
        await store.insert(root, 'hash');
        await store.insert(aUser(), 'hash');
        await store.insert(aUser({ role: 'admin', disabled: true }), 'hash');
      });

      it.each<UserChanges>([{ role: 'user' }, { disabled: true }, { role: 'user', firstName: 'Ann' }])(
        'stays one in spite of %j',
        async (changes) => {
          expect(await store.update(root.id, changes, after(1))).toEqual({ outcome: 'last_admin' });
          expect(await store.find(root.id)).toEqual(root);
        },
      );

      it('stays', async () => {
        expect(await store.remove(root.id)).toBe('last_admin');
        expect(await store.findCredential(root.email)).toEqual({ user: root, passwordHash: 'hash' });
      });

      it('may change in other ways', async () => {
        const changes = { firstName: 'Ann', role: 'admin', disabled: false } as const;
        expect(await store.update(root.id, changes, noon)).toMatchObject({ outcome: 'updated' });
      });

      it('may go once there is another', async () => {
        const next = aUser({ role: 'admin' });
        await store.insert(next, 'hash');
        expect(await store.update(root.id, { role: 'user' }, noon)).toMatchObject({ outcome: 'updated' });
        expect(await store.remove(root.id)).toBe('removed');
        expect(await store.remove(next.id)).toBe('last_admin');
      });

      it('keeps nobody else from being demoted, disabled or removed', async () => {
        for (const facts of [{}, { role: 'admin', disabled: true }] as const) {
          const other = aUser(facts);
          await store.insert(other, 'hash');
          const changes = { role: 'user', disabled: true } as const;
          expect(await store.update(other.id, changes, noon)).toMatchObject({ outcome: 'updated' });
          expect(await store.remove(other.id)).toBe('removed');
        }
      });

      it('is one of many who are demoted, disabled and removed at once', async () => {
        const others = range(19).map(() => aUser({ role: 'admin' }));
        for (const other of others) await store.insert(other, 'hash');
        const ways = [
          (id: string) => store.update(id, { role: 'user' }, noon),
          (id: string) => store.update(id, { disabled: true }, noon),
          async (id: string) => ({ outcome: await store.remove(id) }),
        ];
        const answers = await Promise.all(
          [root, ...others].map(({ id }, index) => ways[index % ways.length]!(id)),
        );
        expect(answers.filter(({ outcome }) => outcome === 'last_admin')).toHaveLength(1);
        const left = await store.list(100, null);
        expect(left.filter(({ role, disabled }) => role === 'admin' && !disabled)).toHaveLength(1);
      });
    });

    describe('updates that race', () => {
      it('see each change of standing once', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const updates = await Promise.all(
          range(20).map((index) => store.update(user.id, { disabled: true, lastName: String(index) }, noon)),
        );
        const first = updates.filter((update) => update.outcome === 'updated' && !update.before.disabled);
        expect(first).toHaveLength(1);
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

    for (const [way, spoil] of Object.entries(spoilings))
      it(`a user who cannot be read is nobody, and leaves the others as they are: ${way}`, async () => {
        const users = range(5).map((minute) => aUser({ createdAt: after(minute) }));
        for (const user of users) await store.insert(user, 'hash');
        const spoilt = users[2]!;
        await spoil(spoilt);
        expect(await store.find(spoilt.id)).toBeNull();
        expect((await store.findCredential(spoilt.email))?.user ?? null).toBeNull();
        expect(await store.update(spoilt.id, { disabled: true }, noon)).toEqual({ outcome: 'not_found' });
        expect(await store.replacePassword(spoilt.id, 1, 'next', noon)).toBeNull();
        const others = users.filter((user) => user !== spoilt);
        const ids = (list: readonly User[]) => list.map(({ id }) => id).toSorted();
        expect(ids(await store.list(10, null))).toEqual(ids(others));
        expect(ids([...(await store.list(2, null)), ...(await store.list(2, others[1]!))])).toEqual(
          ids(others),
        );
        expect(await store.insertFirst(aUser(), 'hash')).toBe(false);
      });
  });
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
