import type { UserDirectory } from '../users/user-directory.js';
import { type TestFramework, globalTestFramework } from './test-framework.js';

/** A user to insert into the tables of the application. */
export interface DirectoryUser {
  readonly login: string;
  readonly disabled: boolean;
  /** A hash of the existing system; null for a user who has none. */
  readonly legacyHash: string | null;
}

/** A directory to test, with empty tables. */
export interface DirectoryUnderTest<U extends object> {
  readonly directory: UserDirectory<U>;
  /** Inserts a user as the application does, and returns what the directory will find. */
  insert(user: DirectoryUser): Promise<U>;
  /** Deletes a user as the application does. */
  remove(user: U): Promise<unknown>;
  close(): Promise<unknown>;
}

export interface DirectorySuiteOptions {
  /** Makes the login of a user, which is unique for each name; by default `name@example.com`. */
  readonly loginOf?: (name: string) => string;
  /** Whether the tables have no hashes of an existing system. */
  readonly hasNoHashes?: boolean;
  /** Whether no user can be disabled. */
  readonly hasNoDisabled?: boolean;
}

/** Texts that are no id of a user in any table, whatever the type of its column. */
const NO_IDS = [
  '',
  ' ',
  '0',
  '-1',
  '-0',
  '1.5',
  '1e3',
  '0x1',
  '1n',
  'NaN',
  'Infinity',
  'null',
  'undefined',
  'true',
  'abc',
  '__proto__',
  'constructor',
  '%',
  '*',
  '1; drop table users',
  "' or 1=1 --",
  '" or ""="',
  '{"$ne":null}',
  '[object Object]',
  '\u0663',
  '\uff11',
  '\0',
  '1\0',
  '\ud800',
  '9007199254740993',
  '9223372036854775807',
  '9223372036854775808',
  '99999999999999999999999999',
  '00000000-0000-0000-0000-000000000000',
  '00000000-0000-0000-0000-00000000000g',
  '{00000000-0000-4000-8000-000000000000}',
  '000000000000000000000000',
  'eleven char',
  'twelve chars',
  '5'.repeat(23),
  '5'.repeat(25),
  'x'.repeat(1000),
  '1'.repeat(10_000),
];

/** Other spellings of an id, which a type of column may take for the same. */
const SPELLINGS: Readonly<Record<string, (id: string) => string>> = {
  'a blank before it': (id) => ` ${id}`,
  'a blank after it': (id) => `${id} `,
  'a line break after it': (id) => `${id}\n`,
  'a zero before it': (id) => `0${id}`,
  'a plus before it': (id) => `+${id}`,
  'a fraction after it': (id) => `${id}.0`,
  'an exponent after it': (id) => `${id}e0`,
  'braces around it': (id) => `{${id}}`,
  'a NUL after it': (id) => `${id}\0`,
  'SQL after it': (id) => `${id} or 1=1`,
};

const NO_LOGINS = ['', ' ', '\0', '\ud800', '%', '*', '_', "' or 1=1 --", '__proto__', 'x'.repeat(10_000)];

/**
 * Declares the tests that every user directory must pass: it finds users or gives null, whatever text it is asked for, and
 * its accounts are those that sign-in needs.
 */
export function describeUserDirectory<U extends object>(
  name: string,
  open: () => Promise<DirectoryUnderTest<U>>,
  {
    loginOf = (local) => `${local}@example.com`,
    hasNoHashes = false,
    hasNoDisabled = false,
  }: DirectorySuiteOptions = {},
  framework: TestFramework = globalTestFramework(),
): void {
  const { describe, it, expect, beforeEach, afterEach } = framework;
  describe(`${name} as a user directory`, () => {
    let opened: DirectoryUnderTest<U>;
    let directory: UserDirectory<U>;
    beforeEach(async () => {
      opened = await open();
      ({ directory } = opened);
    });
    afterEach(async () => void (await opened.close()));

    const insert = (local: string, facts: Partial<DirectoryUser> = {}) =>
      opened.insert({ login: loginOf(local), disabled: false, legacyHash: null, ...facts });

    it('finds each user by id and by login', async () => {
      const users = [await insert('ann'), await insert('ben'), await insert('cid')];
      for (const [index, local] of ['ann', 'ben', 'cid'].entries()) {
        const { id, login } = directory.account(users[index]!);
        expect(login).toBe(loginOf(local));
        expect(await directory.findById(id)).toEqual(users[index]);
        expect(await directory.findByLogin(login)).toEqual(users[index]);
      }
    });

    it('has a different text as the id of each user, and the same each time', async () => {
      const users = [await insert('ann'), await insert('ben'), await insert('cid')];
      const ids = users.map((user) => directory.account(user).id);
      for (const id of ids) {
        expect(typeof id).toBe('string');
        expect(id).toMatch(/\S/);
        expect(directory.account((await directory.findById(id))!).id).toBe(id);
      }
      expect(new Set(ids).size).toBe(3);
      expect(directory.account((await directory.findByLogin(loginOf('ben')))!).id).toBe(ids[1]);
    });

    it('gives an account with a login, roles that are texts, and whether it is disabled', async () => {
      const { login, roles, disabled } = directory.account(await insert('ann'));
      expect(login).toBe(loginOf('ann'));
      expect(Array.isArray(roles)).toBe(true);
      expect(roles.filter((role) => typeof role !== 'string')).toEqual([]);
      expect(disabled).toBe(false);
    });

    if (!hasNoDisabled)
      it('finds a disabled user, whose account says so', async () => {
        const { id } = directory.account(await insert('ann', { disabled: true }));
        for (const found of [await directory.findById(id), await directory.findByLogin(loginOf('ann'))])
          expect(directory.account(found!).disabled).toBe(true);
      });

    if (!hasNoHashes)
      it('gives the hash of the existing system, and null for a user who has none', async () => {
        const [ann, ben] = [await insert('ann', { legacyHash: '$2b$10$hash' }), await insert('ben')];
        for (const [user, hash] of [
          [ann, '$2b$10$hash'],
          [ben, null],
        ] as const) {
          const { id, login } = directory.account(user);
          expect(directory.legacyHash!((await directory.findById(id))!)).toBe(hash);
          expect(directory.legacyHash!((await directory.findByLogin(login))!)).toBe(hash);
        }
      });

    it('does not find a user who was deleted', async () => {
      const [ann, ben] = [await insert('ann'), await insert('ben')];
      await opened.remove(ann);
      expect(await directory.findById(directory.account(ann).id)).toBeNull();
      expect(await directory.findByLogin(loginOf('ann'))).toBeNull();
      expect(await directory.findById(directory.account(ben).id)).toEqual(ben);
    });

    it('finds nobody in empty tables', async () => {
      for (const id of ['1', '00000000-0000-4000-8000-000000000001', '507f1f77bcf86cd799439011'])
        expect(await directory.findById(id)).toBeNull();
      expect(await directory.findByLogin(loginOf('ann'))).toBeNull();
    });

    for (const text of NO_IDS)
      it(`gives null for the id ${shown(text)}`, async () => {
        const ann = await insert('ann');
        expect(await answerOf(directory.findById(text))).toBeNull();
        expect(await directory.findById(directory.account(ann).id)).toEqual(ann);
      });

    for (const [spelling, respell] of Object.entries(SPELLINGS))
      it(`gives null for the id of a user with ${spelling}`, async () => {
        const ids = [];
        for (const local of ['ann', 'ben', 'cid']) ids.push(directory.account(await insert(local)).id);
        for (const id of ids) expect(await answerOf(directory.findById(respell(id)))).toBeNull();
      });

    it('gives null, or the user of that very id, for an id in the other case', async () => {
      const { id } = directory.account(await insert('ann'));
      for (const other of [id.toUpperCase(), id.toLowerCase()]) {
        const found = await directory.findById(other);
        expect(found && directory.account(found).id).toBe(other === id ? id : null);
      }
    });

    for (const text of NO_LOGINS)
      it(`gives null for the login ${shown(text)}`, async () => {
        const ann = await insert('ann');
        expect(await answerOf(directory.findByLogin(text))).toBeNull();
        expect(await directory.findByLogin(loginOf('ann'))).toEqual(ann);
      });

    it('gives null for a login within or around another one', async () => {
      await insert('ann');
      const login = loginOf('ann');
      for (const other of [login.slice(0, -1), login.slice(1), `x${login}`, `${login}x`, `${login}\0`])
        expect(await answerOf(directory.findByLogin(other))).toBeNull();
    });

    it('gives each of many concurrent callers their own user', async () => {
      const users = [];
      for (let index = 0; index < 10; index += 1) users.push(await insert(`user${index}`));
      const accounts = users.map((user) => directory.account(user));
      const [byId, byLogin, absent] = await Promise.all([
        Promise.all(accounts.map(({ id }) => directory.findById(id))),
        Promise.all(accounts.map(({ login }) => directory.findByLogin(login))),
        Promise.all(accounts.map((_, index) => directory.findByLogin(loginOf(`absent${index}`)))),
      ]);
      expect(byId).toEqual(users);
      expect(byLogin).toEqual(users);
      expect(absent.filter((user) => user !== null)).toEqual([]);
    });
  });
}

/** What the directory gives; the error itself if it fails, so that a failed test shows it. */
function answerOf<U>(answer: Promise<U | null>): Promise<unknown> {
  return answer.catch((error: unknown) => error);
}

function shown(text: string): string {
  const json = JSON.stringify(text);
  return json.length > 60 ? `of ${text.length} characters ${json.slice(0, 8)}…` : json;
}
