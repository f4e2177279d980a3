import type { OutboxStore } from '../mail/outbox-store.js';
import { type User, emailKey, nameKey } from '../users/user.js';
import { ALL_USERS, USER_SORTS, type UserQuery, type UserSort } from '../users/user-query.js';
import type { UserChanges, UserStore } from '../users/user-store.js';
import { describeMailsOf } from './describe-mails-of.js';
import { aUser } from './samples.js';
import { type Spoilings, type StoreUnderTest, openForEachTest } from './store-under-test.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
const after = (minutes: number) => new Date(noon.getTime() + minutes * 60_000);

/**
 * Declares the tests that every user store must pass. `spoilings` make a stored user unreadable. `outbox` returns the outbox that
 * joins the opened store, if there is one.
 */
export function describeUserStore(
  name: string,
  open: () => Promise<StoreUnderTest<UserStore>>,
  {
    spoilings = {},
    outbox,
  }: { readonly spoilings?: Spoilings<User>; readonly outbox?: () => OutboxStore } = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect, beforeEach } = framework;
  describe(`${name} as a user store`, () => {
    let store: UserStore;
    openForEachTest(framework, open, (opened) => {
      store = opened;
    });

    describeMailsOf(
      () => store,
      outbox,
      {
        made: {
          'an insertion': async () => {
            const { email } = aUser();
            return {
              make: (mails) => store.insert(aUser({ email }), 'hash', mails),
              isMade: async () => (await store.findCredential(email)) !== null,
            };
          },
          'the insertion of the first user': async () => ({
            make: (mails) => store.insertFirst(aUser(), 'hash', mails),
            isMade: async () => (await store.count()) > 0,
          }),
          'an update': async () => {
            const user = aUser();
            await store.insert(user, 'hash');
            return {
              make: async (mails) => {
                const changes = { firstName: 'Ann', email: 'ann@example.com' };
                return (await store.update(user.id, changes, noon, 'admin', mails)).outcome === 'updated';
              },
              isMade: async () => (await store.findCredential('ann@example.com')) !== null,
            };
          },
          'a change of the password': async () => {
            const user = aUser();
            await store.insert(user, 'hash');
            return {
              make: async (mails) =>
                (await store.replacePassword(user.id, 1, 'new hash', noon, mails)) !== null,
              isMade: async () => (await store.findCredentialById(user.id))?.passwordHash === 'new hash',
            };
          },
        },
        refused: {
          'an insertion with a taken address': async (mails) => {
            const { email } = aUser();
            await store.insert(aUser({ email }), 'hash');
            return store.insert(aUser({ email }), 'hash', mails);
          },
          'the insertion of a first user after another': async (mails) => {
            await store.insert(aUser(), 'hash');
            return store.insertFirst(aUser(), 'hash', mails);
          },
          'an update of nobody, of the last administrator or to a taken address': async (mails) => {
            const [root, other] = [aUser({ role: 'admin' }), aUser()];
            for (const user of [root, other]) await store.insert(user, 'hash');
            const updates = [
              await store.update(aUser().id, {}, noon, 'admin', mails),
              await store.update(root.id, { disabled: true }, noon, 'admin', mails),
              await store.update(root.id, { email: other.email }, noon, 'admin', mails),
            ];
            return updates.some(({ outcome }) => outcome === 'updated');
          },
          'a change of the password of another version': async (mails) => {
            const user = aUser();
            await store.insert(user, 'hash');
            return (await store.replacePassword(user.id, 2, 'new hash', noon, mails)) !== null;
          },
        },
      },
      framework,
    );

    describe('keeping', () => {
      it('finds an inserted user with all facts', async () => {
        const user = aUser({
          firstName: 'Zo\u00eb',
          lastName: "O'Neil",
          role: 'admin',
          credentialVersion: 3,
          emailVerifiedAt: after(1),
        });
        expect(await store.insert(user, 'hash')).toBe(true);
        expect(await store.find(user.id)).toEqual(user);
        expect(await store.findCredential(user.email)).toEqual({ user, passwordHash: 'hash' });
        expect(await store.findCredentialById(user.id)).toEqual({ user, passwordHash: 'hash' });
      });

      it('returns no hash with a user', async () => {
        const user = aUser();
        await store.insert(user, 'the-hash');
        const shown = [
          await store.find(user.id),
          await store.list(ALL_USERS),
          await store.update(user.id, {}, noon),
          await store.revoke(user.id, noon),
        ];
        expect(JSON.stringify(shown)).not.toContain('the-hash');
      });

      for (const text of ['__proto__', 'constructor', '', '\0', "' or 1=1 --"])
        it(`finds no user under ${JSON.stringify(text)}`, async () => {
          await store.insert(aUser(), 'hash');
          expect(await store.find(text)).toBeNull();
          expect(await store.findCredential(text)).toBeNull();
          expect(await store.findCredentialById(text)).toBeNull();
          expect(await store.revoke(text, noon)).toBeNull();
          expect(await store.remove(text)).toBe('not_found');
        });

      it('returns copies', async () => {
        const user = aUser({ emailVerifiedAt: noon });
        await store.insert(user, 'hash');
        const found = await store.find(user.id);
        found!.createdAt.setTime(0);
        found!.emailVerifiedAt!.setTime(0);
        Object.assign(found!, { role: 'admin' });
        expect(await store.find(user.id)).toEqual(user);
      });
    });

    describe('addresses', () => {
      for (const [first, second] of [
        ['ann@example.com', 'ANN@Example.COM'],
        ['ann@example.com', ' ann@example.com '],
        ['zo\u00eb@example.com', 'zoe\u0308@example.com'],
        ['ann@ex\u00e4mple.org', 'ann@xn--exmple-cua.org'],
        ['ann@xn--exmple-cua.org', 'ann@EXA\u0308MPLE\u3002org'],
      ] as const)
        it(`${JSON.stringify(first)} and ${JSON.stringify(second)} are the same`, async () => {
          const user = aUser({ email: first });
          expect(await store.insert(user, 'hash')).toBe(true);
          expect(await store.insert(aUser({ email: second }), 'hash')).toBe(false);
          expect((await store.findCredential(second))?.user).toEqual(user);
          expect(await store.count()).toBe(1);
        });

      it('are given to one of many racing callers', async () => {
        const inserted = await Promise.all(
          range(20).map(() => store.insert(aUser({ email: 'ann@example.com' }), 'hash')),
        );
        expect(inserted.filter(Boolean)).toHaveLength(1);
      });

      it('are free again after their user is removed', async () => {
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

      it('is refused if there are users', async () => {
        await store.insert(aUser(), 'hash');
        expect(await store.insertFirst(aUser(), 'hash')).toBe(false);
      });
    });

    describe('the list', () => {
      it('has pages, oldest first, each user once', async () => {
        const users = range(7).map((index) => aUser({ createdAt: after(index - (index % 2)) }));
        for (const user of users.toReversed()) await store.insert(user, 'hash');
        const pages = await pagesOf(store, { ...ALL_USERS, limit: 3 });
        expect(pages.map((page) => page.length)).toEqual([3, 3, 1]);
        const expected = users.toSorted(
          (a, b) => a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1),
        );
        expect(pages.flat()).toEqual(expected);
      });

      it('is empty without users', async () => {
        expect(await store.list(ALL_USERS)).toEqual({ users: [], next: null });
        expect(await store.count()).toBe(0);
      });
    });

    describe('the search', () => {
      const search = async (query: Partial<UserQuery>) => {
        const pages = await pagesOf(store, { ...ALL_USERS, ...query });
        return pages.flat().map(({ email, firstName }) => firstName ?? email);
      };
      const add = async (...users: Partial<User>[]) => {
        for (const [index, facts] of users.entries())
          await store.insert(aUser({ createdAt: after(index), ...facts }), 'hash');
      };

      it('finds a beginning of the address, in any case and spelling', async () => {
        const emails = [
          'ann@example.com',
          'Anna@example.com',
          'ben@example.com',
          'zo\u00eb@ex\u00e4mple.org',
        ];
        await add(...emails.map((email) => ({ email })));
        expect(await search({ email: 'AN' })).toEqual(emails.slice(0, 2));
        expect(await search({ email: ' ann@' })).toEqual(emails.slice(0, 1));
        expect(await search({ email: 'nn' })).toEqual([]);
        expect(await search({ email: 'zoe\u0308@xn--ex' })).toEqual(emails.slice(3));
        expect(await search({ email: 'ZO\u00cb@EX\u00c4MPLE.' })).toEqual(emails.slice(3));
        expect(await search({ email: '' })).toEqual(emails);
      });

      it('finds a beginning of the first name, of the last name, or of both, each user once', async () => {
        await add(
          { firstName: 'Ann', lastName: 'Lee' },
          { firstName: 'Lena', lastName: 'Anders' },
          { firstName: 'Anna', lastName: 'Anderson' },
          { firstName: 'Ann Lee' },
          { firstName: 'Joann' },
        );
        expect(await search({ name: 'aNN' })).toEqual(['Ann', 'Anna', 'Ann Lee']);
        expect(await search({ name: 'an' })).toEqual(['Ann', 'Lena', 'Anna', 'Ann Lee']);
        expect(await search({ name: 'an', sort: 'name' })).toEqual(['Lena', 'Anna', 'Ann Lee', 'Ann']);
        expect(await search({ name: 'an', sort: '-name' })).toEqual(['Ann', 'Ann Lee', 'Anna', 'Lena']);
        expect(await search({ name: ' Ann L' })).toEqual(['Ann', 'Ann Lee']);
        expect(await search({ name: 'lee an' })).toEqual(['Ann']);
        expect(await search({ name: 'joann ' })).toEqual(['Joann']);
      });

      for (const [name, beginning] of [
        ['\u00c9mile', '\u00e9M'],
        ['\u00c9mile', 'e\u0301mi'],
        ['E\u0301mile', '\u00c9'],
        ['\u0416\u0430\u043d\u043d\u0430', '\u0436\u0410'],
        ['Stra\u00dfer', 'STRASS'],
        ['STRASSER', 'stra\u00df'],
        ['\u0130pek', 'ipek'],
        ['\u0130pek', 'i\u0307p'],
        ['I\u015f\u0131k', '\u0131\u015fi'],
        ['Zi\u0307', 'zi'],
        ['\u039f\u03b4\u03c5\u03c3\u03c3\u03ad\u03b1\u03c2', '\u039f\u0394\u03a5\u03a3'],
        ['\ud83e\udd84 Uni', '\ud83e\udd84'],
        ['100%', '100%'],
        ['a_b', 'A_'],
        ['a*b', 'a*'],
        ['back\\slash', 'back\\'],
        ["O'Neil", "o'n"],
      ] as const)
        it(`finds the name ${JSON.stringify(name)} by ${JSON.stringify(beginning)}`, async () => {
          await add({ firstName: name }, { lastName: name, firstName: name }, { firstName: 'Other' });
          expect(await search({ name: beginning })).toEqual([name, name]);
        });

      for (const text of [
        '%',
        '_',
        '*',
        '\\',
        '?',
        '[a-z]',
        '\0',
        '\ud800',
        '\u{10ffff}',
        '\ud7ff',
        "' or 1=1 --",
      ])
        it(`finds nobody by ${JSON.stringify(text)}, which stands for no other text`, async () => {
          await add({ firstName: 'Ann', lastName: 'Lee' });
          for (const filter of [{ email: text }, { name: text }, { role: text }])
            for (const sort of USER_SORTS) expect(await search({ ...filter, sort })).toEqual([]);
        });

      it('finds by a very long text', async () => {
        await add({ firstName: 'x'.repeat(200), lastName: 'y'.repeat(200) });
        expect(await search({ name: 'x'.repeat(200) })).toHaveLength(1);
        for (const filter of [{ email: 'x'.repeat(20_000) }, { name: 'y'.repeat(99) }])
          expect(await search(filter)).toEqual(filter.name ? ['x'.repeat(200)] : []);
      });

      it('finds a user with a long address and long names of many different characters', async () => {
        const random = seeded(3);
        const text = (length: number) =>
          String.fromCodePoint(...range(length).map(() => 0x2_00_00 + random(0xa0_00)));
        const user = aUser({
          email: `${text(200)}@example.com`,
          firstName: text(200),
          lastName: text(200),
        });
        expect(await store.insert(user, 'hash')).toBe(true);
        for (const filter of [{ name: user.firstName }, { name: user.lastName }, { email: user.email }])
          for (const sort of USER_SORTS) expect(await search({ ...filter, sort })).toEqual([user.firstName]);
      });

      it('finds users by what an update made of them', async () => {
        const user = aUser({ firstName: 'Ann', lastName: 'Lee' });
        await store.insert(user, 'hash');
        await store.update(
          user.id,
          { firstName: 'Zo\u00eb', email: 'zoe@example.com', disabled: true },
          noon,
        );
        for (const filter of [{ name: 'ZO\u00cb' }, { name: 'lee z' }, { email: 'zoe' }, { disabled: true }])
          expect(await search(filter)).toEqual(['Zo\u00eb']);
        for (const filter of [{ name: 'ann' }, { email: user.email }, { disabled: false }])
          expect(await search(filter)).toEqual([]);
        await store.update(user.id, { lastName: null }, noon);
        expect(await search({ name: 'lee' })).toEqual([]);
        expect(await search({ name: 'zo\u00eb' })).toEqual(['Zo\u00eb']);
      });

      it('goes on after a user who was changed or removed in the meantime', async () => {
        await add(...['a', 'b', 'c', 'd', 'e'].map((letter) => ({ email: `${letter}@example.com` })));
        for (const sort of ['created', 'email'] as const) {
          const { users, next } = await store.list({ ...ALL_USERS, sort, limit: 2 });
          await store.remove(users[1]!.id);
          const rest = await store.list({ ...ALL_USERS, sort, after: next });
          expect(rest.users.map(({ email }) => email)).toEqual([
            'c@example.com',
            'd@example.com',
            'e@example.com',
          ]);
          await store.insert(users[1]!, 'hash');
        }
      });

      it('finds what a plain filter finds, in the same order, on every page', async () => {
        const random = seeded(17);
        const pick = <T>(values: readonly T[]) => values[random(values.length)]!;
        const names = [
          null,
          'A',
          'Ab',
          'abc',
          'B',
          '\u00c4',
          'a\u0308b',
          '\uff41',
          '\ud83e\udd84',
          'I',
          '\u0131',
          ' a',
        ];
        const users = range(100).map((index) =>
          aUser({
            email: `${pick(['a', 'Ab', 'b', '\u00e4', 'z'])}${index}@example.com`,
            firstName: pick(names),
            lastName: pick(names),
            role: pick(['user', 'user', 'user', 'admin']),
            disabled: random(4) === 0,
            createdAt: after(random(40)),
          }),
        );
        await Promise.all(users.map((user) => store.insert(user, 'hash')));
        for (let round = 0; round < 80; round += 1) {
          const query: UserQuery = {
            ...ALL_USERS,
            sort: pick<UserSort>(USER_SORTS),
            limit: pick([5, 17, 50, Infinity]),
            email: pick([null, null, 'a', 'AB1', '\u00e4', 'z', 'q']),
            name: pick([null, null, 'a', 'ab', 'a a', '\u00e4', 'i', '\ud83e', 'q']),
            role: pick([null, null, 'user', 'admin', 'owner']),
            disabled: pick([null, null, true, false]),
          };
          const pages = await pagesOf(store, query);
          const found = pages.flat().map(({ id }) => id);
          expect([query, found]).toEqual([query, expectedOf(users, query).map(({ id }) => id)]);
          expect(pages.every(({ length }) => length <= query.limit)).toBe(true);
          const { email, name, role, disabled } = query;
          if ([email, name, role, disabled].every((filter) => filter === null))
            expect(pages.slice(0, -1).every(({ length }) => length === query.limit)).toBe(true);
        }
      });

      it('finds each match once, in order, while other users are added and removed', async () => {
        const random = seeded(71);
        const someone = (index: number) =>
          aUser({
            email: `${['a', 'b', 'c'][random(3)]}${index}@example.com`,
            firstName: ['Ann', 'Ben', 'Cid'][random(3)]!,
            lastName: ['Adams', 'Benson', 'Clay'][random(3)]!,
            disabled: random(3) === 0,
            createdAt: after(random(50)),
          });
        const staying = range(30).map((index) => someone(index));
        for (const user of staying) await store.insert(user, 'hash');
        for (const [turn, sort] of USER_SORTS.entries())
          for (const filters of [{ name: 'a' }, { email: 'b', name: 'a' }, { name: 'b', disabled: true }]) {
            const leaving = range(5).map((index) => someone(100 * (turn + 1) + index));
            const coming = range(5).map((index) => someone(100 * (turn + 1) + 50 + index));
            for (const user of leaving) await store.insert(user, 'hash');
            const query: UserQuery = { ...ALL_USERS, ...filters, sort, limit: 2 };
            const found: User[] = [];
            for (let next: UserQuery['after'] = null, isLast = false; !isLast; isLast = next === null) {
              const page = await store.list({ ...query, after: next });
              found.push(...page.users);
              next = page.next;
              const [gone, come] = [leaving.pop(), coming.pop()];
              if (gone) await store.remove(gone.id);
              if (come) await store.insert(come, 'hash');
            }
            const ids = found.map(({ id }) => id);
            expect(ids).toEqual(expectedOf(found, query).map(({ id }) => id));
            expect(new Set(ids).size).toBe(ids.length);
            const stayed = expectedOf(staying, query).map(({ id }) => id);
            expect(ids.filter((id) => staying.some((user) => user.id === id))).toEqual(stayed);
            for (const { id } of (await store.list(ALL_USERS)).users)
              if (staying.every((user) => user.id !== id)) await store.remove(id);
          }
      });
    });

    describe('update', () => {
      it('changes the given values and keeps the rest', async () => {
        const user = aUser({ firstName: 'Ann', lastName: 'Lee' });
        await store.insert(user, 'hash');
        const changed = await store.update(user.id, { firstName: 'Anna', role: 'admin' }, after(1));
        const expected = { ...user, firstName: 'Anna', role: 'admin', updatedAt: after(1) };
        expect(changed).toEqual({ outcome: 'updated', before: user, after: expected });
        expect(await store.find(user.id)).toEqual(expected);
      });

      it('removes a name that is null, and keeps one that is undefined', async () => {
        const user = aUser({ firstName: 'Ann', lastName: 'Lee' });
        await store.insert(user, 'hash');
        const first = await store.update(user.id, { firstName: null, lastName: undefined }, after(1));
        const expected = { ...user, firstName: null, updatedAt: after(1) };
        expect(first).toEqual({ outcome: 'updated', before: user, after: expected });
        const last = await store.update(user.id, { lastName: null }, after(1));
        expect(last).toMatchObject({ after: { firstName: null, lastName: null } });
        expect(await store.find(user.id)).toEqual({ ...expected, lastName: null });
      });

      it('does not find or create an unknown user', async () => {
        for (const changes of [{ firstName: 'Ann' }, { role: 'user' }, { disabled: true }] as const)
          expect(await store.update(aUser().id, changes, noon)).toEqual({ outcome: 'not_found' });
        expect(await store.count()).toBe(0);
      });

      it('increments the credential version when it disables, and not when it enables', async () => {
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

      it('keeps the hash and the credential version', async () => {
        const changed = await store.update(ann.id, { email: 'Lee@example.com' }, after(1));
        const expected = { ...ann, email: 'Lee@example.com', updatedAt: after(1) };
        expect(changed).toEqual({ outcome: 'updated', before: ann, after: expected });
        expect(await store.find(ann.id)).toEqual(expected);
        const credential = { user: expected, passwordHash: 'the hash of Ann' };
        expect(await store.findCredential(' lee@EXAMPLE.com')).toEqual(credential);
        expect(await store.findCredential(ann.email)).toBeNull();
      });

      it('removes the verification, unless it is given with the change or the address stays the same', async () => {
        const dora = aUser({ email: 'dora@example.com', emailVerifiedAt: noon });
        await store.insert(dora, 'hash');
        const verifiedAfter = async (changes: UserChanges) => {
          const change = await store.update(dora.id, changes, after(1));
          expect(change).toMatchObject({ outcome: 'updated' });
          return (await store.find(dora.id))!.emailVerifiedAt;
        };
        expect(await verifiedAfter({ firstName: 'Dora' })).toEqual(noon);
        expect(await verifiedAfter({ email: ' DORA@example.com' })).toEqual(noon);
        expect(await verifiedAfter({ email: 'lee@example.com' })).toBeNull();
        expect(await verifiedAfter({ emailVerifiedAt: after(2) })).toEqual(after(2));
        expect(await verifiedAfter({ email: 'kim@example.com', emailVerifiedAt: after(3) })).toEqual(
          after(3),
        );
        expect(await verifiedAfter({ email: 'sam@example.com', emailVerifiedAt: undefined })).toBeNull();
        expect(await verifiedAfter({ email: 'pat@example.com', emailVerifiedAt: after(4) })).toEqual(
          after(4),
        );
        expect(await verifiedAfter({ emailVerifiedAt: null })).toBeNull();
      });

      it('frees the old address for other users, and takes the new one', async () => {
        await store.update(ann.id, { email: 'lee@example.com' }, noon);
        expect(await store.insert(aUser({ email: 'LEE@example.com' }), 'hash')).toBe(false);
        expect(await store.update(ben.id, { email: ann.email }, noon)).toMatchObject({ outcome: 'updated' });
        expect((await store.findCredential(ann.email))?.passwordHash).toBe('the hash of Ben');
        expect(await store.insert(aUser({ email: ben.email }), 'hash')).toBe(true);
      });

      it('frees the new address with the removal of the user', async () => {
        await store.update(ann.id, { email: 'lee@example.com' }, noon);
        expect(await store.remove(ann.id)).toBe('removed');
        for (const email of [ann.email, 'lee@example.com'])
          expect(await store.insert(aUser({ email }), 'hash')).toBe(true);
      });

      for (const email of ['ben@example.com', ' BEN@Example.com'])
        it(`to the address of another user, ${JSON.stringify(email)}, changes nothing`, async () => {
          const changes = { email, firstName: 'Anna', role: 'admin', disabled: true } as const;
          expect(await store.update(ann.id, changes, after(1))).toEqual({ outcome: 'email_taken' });
          expect(await store.findCredential(ann.email)).toEqual({
            user: ann,
            passwordHash: 'the hash of Ann',
          });
          expect((await store.findCredential(ben.email))?.user).toEqual(ben);
        });

      for (const email of ['ann@example.com', ' ANN@Example.com'])
        it(`to one's own, ${JSON.stringify(email)}, is one like any`, async () => {
          expect(await store.update(ann.id, { email }, noon)).toMatchObject({ after: { email } });
          expect((await store.findCredential(ann.email))?.user.email).toBe(email);
          expect(await store.insert(aUser({ email: ann.email }), 'hash')).toBe(false);
        });

      it('reports an unknown user and the last administrator before a taken address', async () => {
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

      it('is made for one of many users who race for an address', async () => {
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

      for (const place of ['before', 'after'])
        it(`has one winner among users and new users who race for an address, with the users ${place}`, async () => {
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
        });
    });

    describe('the last administrator who is not disabled', () => {
      const root = aUser({ role: 'admin' });
      beforeEach(async () => {
        await store.insert(root, 'hash');
        await store.insert(aUser(), 'hash');
        await store.insert(aUser({ role: 'admin', disabled: true }), 'hash');
      });

      const demotions: readonly UserChanges[] = [
        { role: 'user' },
        { role: 'editor' },
        { disabled: true },
        { role: 'user', firstName: 'Ann' },
      ];
      for (const changes of demotions)
        it(`keeps the role and state in spite of ${JSON.stringify(changes)}`, async () => {
          expect(await store.update(root.id, changes, after(1))).toEqual({ outcome: 'last_admin' });
          expect(await store.find(root.id)).toEqual(root);
        });

      it('stays', async () => {
        expect(await store.remove(root.id)).toBe('last_admin');
        expect(await store.findCredential(root.email)).toEqual({ user: root, passwordHash: 'hash' });
      });

      it('can be changed in other ways', async () => {
        const changes = { firstName: 'Ann', role: 'admin', disabled: false } as const;
        expect(await store.update(root.id, changes, noon)).toMatchObject({ outcome: 'updated' });
      });

      it('can be removed after another exists', async () => {
        const next = aUser({ role: 'admin' });
        await store.insert(next, 'hash');
        expect(await store.update(root.id, { role: 'user' }, noon)).toMatchObject({ outcome: 'updated' });
        expect(await store.remove(root.id)).toBe('removed');
        expect(await store.remove(next.id)).toBe('last_admin');
      });

      it('does not prevent that others are demoted, disabled or removed', async () => {
        for (const facts of [{}, { role: 'admin', disabled: true }] as const) {
          const other = aUser(facts);
          await store.insert(other, 'hash');
          const changes = { role: 'user', disabled: true } as const;
          expect(await store.update(other.id, changes, noon)).toMatchObject({ outcome: 'updated' });
          expect(await store.remove(other.id)).toBe('removed');
        }
      });

      it('is kept when many are demoted, disabled and removed at once', async () => {
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
        const left = (await store.list(ALL_USERS)).users;
        expect(left.filter(({ role, disabled }) => role === 'admin' && !disabled)).toHaveLength(1);
      });
    });

    it('keeps the last of another role of administrators', async () => {
      const [owner, admin] = [aUser({ role: 'owner' }), aUser({ role: 'admin' })];
      for (const user of [owner, admin]) await store.insert(user, 'hash');
      const demote = (id: string) => store.update(id, { role: 'editor' }, noon, 'owner');
      expect(await demote(owner.id)).toEqual({ outcome: 'last_admin' });
      expect(await store.update(owner.id, { role: 'admin' }, noon, 'owner')).toEqual({
        outcome: 'last_admin',
      });
      expect(await store.update(owner.id, { role: 'owner' }, noon, 'owner')).toMatchObject({
        outcome: 'updated',
      });
      expect(await store.remove(owner.id, 'owner')).toBe('last_admin');
      expect(await demote(admin.id)).toMatchObject({ outcome: 'updated', after: { role: 'editor' } });
      expect(await store.find(admin.id)).toMatchObject({ role: 'editor' });
      expect(await store.remove(admin.id, 'owner')).toBe('removed');
    });

    describe('updates that race', () => {
      it('report each change of disabled once', async () => {
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
      it('sets the hash and increments the credential version', async () => {
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

    describe('revoke', () => {
      it('increments the credential version and keeps the hash', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const revoked = await store.revoke(user.id, after(1));
        expect(revoked).toEqual({ ...user, credentialVersion: 2, updatedAt: after(1) });
        expect(await store.findCredentialById(user.id)).toEqual({ user: revoked, passwordHash: 'hash' });
      });

      it('increments it for each of many racing callers', async () => {
        const user = aUser();
        await store.insert(user, 'hash');
        const revoked = await Promise.all(range(20).map(() => store.revoke(user.id, noon)));
        const versions = revoked.map((one) => one!.credentialVersion).toSorted((a, b) => a - b);
        expect(versions).toEqual(range(20).map((index) => index + 2));
      });
    });

    describe('upgradeHash', () => {
      it('sets another hash and keeps the credential version', async () => {
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
      it(`a user that cannot be read is treated as absent, without effect on others: ${way}`, async () => {
        const users = range(5).map((minute) => aUser({ createdAt: after(minute) }));
        for (const user of users) await store.insert(user, 'hash');
        const spoilt = users[2]!;
        await spoil(spoilt);
        expect(await store.find(spoilt.id)).toBeNull();
        expect((await store.findCredential(spoilt.email))?.user ?? null).toBeNull();
        expect(await store.update(spoilt.id, { disabled: true }, noon)).toEqual({ outcome: 'not_found' });
        expect(await store.replacePassword(spoilt.id, 1, 'next', noon)).toBeNull();
        expect(await store.revoke(spoilt.id, noon)).toBeNull();
        expect((await store.findCredentialById(spoilt.id))?.user ?? null).toBeNull();
        const others = users.filter((user) => user !== spoilt);
        const ids = (list: readonly User[]) => list.map(({ id }) => id).toSorted();
        for (const sort of USER_SORTS) {
          expect(ids((await store.list({ ...ALL_USERS, sort })).users)).toEqual(ids(others));
          for (const filters of [{}, { email: '', disabled: false }]) {
            const pages = await pagesOf(store, { ...ALL_USERS, ...filters, sort, limit: 2 });
            expect(ids(pages.flat())).toEqual(ids(others));
          }
        }
        expect(await store.insertFirst(aUser(), 'hash')).toBe(false);
      });
  });
}

/** All pages of a list. A page may be short, and even empty, if it is not the last. */
async function pagesOf(store: UserStore, query: UserQuery): Promise<User[][]> {
  const pages: User[][] = [];
  for (let after = query.after; pages.length === 0 || after !== null;) {
    const page = await store.list({ ...query, after });
    pages.push(page.users);
    after = page.next;
  }
  return pages;
}

/** A generator of numbers from 0 to below `limit`, always the same ones (mulberry32). */
function seeded(seed: number): (limit: number) => number {
  let state = seed;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** What a search must find: a plain filter and sort, by code points. */
function expectedOf(users: readonly User[], { email, name, role, disabled, sort }: UserQuery): User[] {
  const begins = (beginning: string | null, ...texts: string[]) =>
    beginning === null || texts.some((text) => text.startsWith(beginning));
  const nameOf = (...parts: (string | null)[]) => nameKey(parts.map((part) => nameKey(part ?? '')).join(' '));
  const keyOf = {
    created: () => '',
    email: (user: User) => emailKey(user.email),
    name: (user: User) => nameOf(user.lastName, user.firstName),
  }[sort.replace('-', '') as 'created' | 'email' | 'name'];
  const sign = sort.startsWith('-') ? -1 : 1;
  return users
    .filter(
      (user) =>
        begins(email && emailKey(email), emailKey(user.email)) &&
        begins(
          name && nameKey(name),
          nameOf(user.firstName, user.lastName),
          nameOf(user.lastName, user.firstName),
        ) &&
        (role ?? user.role) === user.role &&
        (disabled ?? user.disabled) === user.disabled,
    )
    .toSorted(
      (a, b) =>
        sign *
        (Buffer.compare(Buffer.from(keyOf(a)), Buffer.from(keyOf(b))) ||
          a.createdAt.getTime() - b.createdAt.getTime() ||
          Buffer.compare(Buffer.from(a.id), Buffer.from(b.id))),
    );
}

function range(length: number): number[] {
  return Array.from({ length }, (_, index) => index);
}
