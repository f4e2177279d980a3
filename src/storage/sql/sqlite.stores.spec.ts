import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { sql } from 'kysely';
import { sqlSpoilings } from '../../../test/support/spoilings.js';
import {
  expectNeitherChangeNorMail,
  expectOneSender,
  expectToJoinItsOwn,
} from '../../../test/support/outboxes.js';
import { expectOneSweeper } from '../../../test/support/sweepers.js';
import { expectClearance } from '../../../test/support/tallies.js';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { describeAuditStore } from '../../testing/describe-audit-store.js';
import { describeCredentialStore } from '../../testing/describe-credential-store.js';
import { describeFactorStore } from '../../testing/describe-factor-store.js';
import { describeOutboxStore } from '../../testing/describe-outbox-store.js';
import { describeTokenStore } from '../../testing/describe-token-store.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { describeUserStore } from '../../testing/describe-user-store.js';
import { aMail, aSession, aUser, anAuditEvent } from '../../testing/samples.js';
import { SqlAuditStore } from './sql.audit-store.js';
import { SqlCredentialStore } from './sql.credential-store.js';
import { SqlFactorStore } from './sql.factor-store.js';
import { SqlOutboxStore } from './sql.outbox-store.js';
import { SqlTokenStore } from './sql.token-store.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlThrottleStore } from './sql.throttle-store.js';
import { SqlUserStore } from './sql.user-store.js';
import { SqliteDatabase } from './sqlite.database.js';

const newFile = () => join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'test.db');
const open = (file = newFile()) => SqliteDatabase.open(file, 200);
const noon = new Date('2026-01-01T12:00:00.000Z');

let opened: SqliteDatabase;
const outbox = () => new SqlOutboxStore(opened);
const spoilings = sqlSpoilings(() => opened, 'sqlite');

async function storeOf<T>(make: (database: SqliteDatabase) => T) {
  opened = await open();
  return { store: make(opened), close: () => opened.close() };
}

describeSessionStore(
  'SqlSessionStore on SQLite',
  () => storeOf((database) => new SqlSessionStore(database)),
  { spoilings: spoilings.sessions },
);
describeUserStore('SqlUserStore on SQLite', () => storeOf((database) => new SqlUserStore(database)), {
  spoilings: spoilings.users,
  outbox,
});
describeCredentialStore(
  'SqlCredentialStore on SQLite',
  () => storeOf((database) => new SqlCredentialStore(database)),
  { spoilings: spoilings.credentials, outbox },
);
describeUserStore(
  'SqlUserStore on SQLite that reads little at a time',
  () => storeOf((database) => new SqlUserStore(database, { few: 4, window: 6 })),
  { spoilings: spoilings.users, outbox },
);
describeThrottleStore(
  'SqlThrottleStore on SQLite',
  () => storeOf((database) => new SqlThrottleStore(database)),
  {
    spoilings: spoilings.tallies,
  },
);
describeFactorStore('SqlFactorStore on SQLite', () => storeOf((database) => new SqlFactorStore(database)), {
  outbox,
});
describeTokenStore('SqlTokenStore on SQLite', () => storeOf((database) => new SqlTokenStore(database)), {
  spoilings: spoilings.tokens,
  outbox,
});
describeOutboxStore('SqlOutboxStore on SQLite', () => storeOf((database) => new SqlOutboxStore(database)), {
  spoilings: spoilings.mails,
});
describeAuditStore('SqlAuditStore on SQLite', () => storeOf((database) => new SqlAuditStore(database)), {
  spoilings: spoilings.events,
});

describe('Two connections to one SQLite file', () => {
  const file = newFile();
  let here: SqliteDatabase;
  let there: SqliteDatabase;

  beforeAll(async () => {
    [here, there] = [await open(file), await open(file)];
  });

  afterAll(() => Promise.all([here.close(), there.close()]));

  it('see the writes of the other at once', async () => {
    const session = aSession();
    await new SqlSessionStore(here).insert(session);
    expect(await new SqlSessionStore(there).find(session.id, noon)).toEqual(session);
    await new SqlSessionStore(there).end(session.id, 'signed_out', noon);
    expect(await new SqlSessionStore(here).find(session.id, noon)).toBeNull();
  });

  it('share a session limit', async () => {
    const stores = [new SqlSessionStore(here), new SqlSessionStore(there)];
    const inserts = Array.from({ length: 50 }, (_, index) =>
      stores[index % 2]!.insert(aSession({ userId: 'ann' }), { max: 5, policy: 'refuse' }),
    );
    const results = await Promise.all(inserts);
    expect(results.filter((result) => result.outcome === 'inserted')).toHaveLength(5);
    expect(await stores[0]!.findByUser('ann', noon)).toHaveLength(5);
  });

  it('sweep in one of them, until its lease expires', () =>
    expectOneSweeper(new SqlSessionStore(here), new SqlSessionStore(there)));

  it('insert one first user', async () => {
    const stores = [new SqlUserStore(here), new SqlUserStore(there)];
    const founded = await Promise.all(
      Array.from({ length: 10 }, (_, index) => stores[index % 2]!.insertFirst(aUser(), 'hash')),
    );
    expect(founded.filter(Boolean)).toHaveLength(1);
  });

  it('send mails in one of them, until its lease ends', () => expectOneSender(here, there));

  it('have an outbox each, which joins the stores on its own', () => expectToJoinItsOwn(here, there));
});

describe('A change with a mail on SQLite', () => {
  it('is not made if the database refuses the mail', async () => {
    const database = await open();
    await expectNeitherChangeNorMail(database);
    await database.close();
  });

  it('leaves neither of both if the process crashes between them', async () => {
    const [file, copy] = [newFile(), newFile()];
    const database = await open(file);
    const users = new SqlUserStore(database);
    const user = aUser();
    await users.insert(user, 'hash');
    const mail = Object.defineProperty(aMail(), 'facts', {
      enumerable: true,
      get: () => {
        for (const suffix of ['', '-wal']) copyFileSync(file + suffix, copy + suffix);
        return {};
      },
    });
    expect(await users.replacePassword(user.id, 1, 'new hash', noon, [mail])).not.toBeNull();
    expect(await new SqlOutboxStore(database).count(null)).toBe(1);
    await database.close();
    const after = await open(copy);
    const left = await new SqlUserStore(after).findCredentialById(user.id);
    expect(left).toEqual({ user, passwordHash: 'hash' });
    expect(await new SqlOutboxStore(after).count(null)).toBe(0);
    await after.close();
  });

  it('may use the reserve of disk space if it may do so without a mail', async () => {
    const database = await open();
    const purposes: unknown[] = [];
    const noting = <Method extends 'write' | 'exclusive' | 'transaction'>(method: Method) => ({
      value: (...args: unknown[]) => {
        purposes.push(args[method === 'write' ? 1 : 2] ?? 'other');
        return (database[method] as (...given: unknown[]) => unknown).apply(database, args);
      },
    });
    const noted = Object.create(database, {
      write: noting('write'),
      exclusive: noting('exclusive'),
      transaction: noting('transaction'),
      db: { value: database.db },
      prepare: { value: database.prepare.bind(database) },
    }) as SqliteDatabase;
    const [users, credentials] = [new SqlUserStore(noted), new SqlCredentialStore(noted)];
    for (const id of ['without', 'with']) {
      const mails = () => (id === 'with' ? [aMail()] : []);
      await users.insert(aUser({ id }), 'hash', mails());
      await users.update(id, { firstName: 'Ann' }, noon, 'admin', mails());
      await users.update(id, { disabled: true }, noon, 'admin', mails());
      expect(await users.replacePassword(id, 2, 'hash', noon, mails())).not.toBeNull();
      expect(await credentials.replace(id, 1, 'hash', noon, mails())).not.toBeNull();
    }
    const expected = ['other', 'other', 'ending', 'ending', 'ending'];
    expect(purposes).toEqual([...expected, ...expected]);
    await database.close();
  });
});

describe('A SQLite store that cannot answer', () => {
  it('reports it when the database is closed', async () => {
    const database = await open();
    await database.close();
    const asked = [
      new SqlSessionStore(database).find('id', noon),
      new SqlUserStore(database).find('id'),
      new SqlAuditStore(database).append(anAuditEvent()),
    ];
    for (const answer of asked) await expect(answer).rejects.toBeInstanceOf(StoreUnavailableError);
  });

  it('reports it when another connection locks the file for longer than the timeout, and writes nothing', async () => {
    const file = newFile();
    const [holder, waiter] = [await open(file), await open(file)];
    const session = aSession();
    await holder.db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('sessions').execute();
      await expect(new SqlSessionStore(waiter).insert(session)).rejects.toBeInstanceOf(StoreUnavailableError);
    });
    expect(await new SqlSessionStore(waiter).find(session.id, noon)).toBeNull();
    expect((await new SqlSessionStore(waiter).insert(session)).outcome).toBe('inserted');
    await Promise.all([holder.close(), waiter.close()]);
  });
});

describe('A SQLite file', () => {
  it('that is no database is refused at once, with its name', async () => {
    const file = newFile();
    writeFileSync(file, 'x'.repeat(8192));
    await expect(open(file)).rejects.toThrow(`Cannot open ${file}: file is not a database`);
  });

  it('that a newer version has migrated is refused, with this reason', async () => {
    const file = newFile();
    const database = await open(file);
    await sql`insert into coatcheck_migrations (name, timestamp) values ('999-later', '2100-01-01')`.execute(
      database.db,
    );
    await database.close();
    await expect(open(file)).rejects.toThrow(`Cannot open ${file}: a newer version has migrated it`);
  });

  it('and its companions can be read and written by their owner only', async () => {
    const file = newFile();
    const database = await open(file);
    await new SqlUserStore(database).insert(aUser(), 'hash');
    expect(modesBeside(file)).toEqual({
      'test.db': '600',
      'test.db-reserve': '600',
      'test.db-shm': '600',
      'test.db-wal': '600',
    });
    await database.close();
  });

  it('is not created again by a checkpoint after it was deleted', async () => {
    const file = newFile();
    const database = await open(file);
    await new SqlUserStore(database).insert(aUser(), 'hash');
    rmSync(file);
    await delay(500);
    expect(existsSync(file)).toBe(false);
    await database.close();
  });

  it('is closed without an error while its checkpoint fails', async () => {
    const file = newFile();
    const database = await open(file);
    await new SqlUserStore(database).insert(aUser(), 'hash');
    rmSync(file);
    // Long enough for the thread to be started, too short for it to have opened the file.
    await delay(35);
    await expect(database.close()).resolves.toBeUndefined();
  });

  it('that others could read becomes private, with the companions that a crash left', async () => {
    const [file, copy] = [newFile(), newFile()];
    const before = await open(file);
    await new SqlUserStore(before).insert(aUser(), 'hash');
    for (const suffix of ['', '-wal', '-shm']) {
      copyFileSync(file + suffix, copy + suffix);
      chmodSync(copy + suffix, 0o666);
    }
    await before.close();
    const after = await open(copy);
    expect(await new SqlUserStore(after).count()).toBe(1);
    expect(new Set(Object.values(modesBeside(copy)))).toEqual(new Set(['600']));
    await after.close();
  });

  it('deletes expired counters when new ones are inserted', async () => expectClearance(await open()));

  it('is in write-ahead mode', async () => {
    const file = newFile();
    const database = await open(file);
    await new SqlUserStore(database).insert(aUser(), 'hash');
    expect(existsSync(`${file}-wal`)).toBe(true);
    await database.close();
  });

  it('is checkpointed soon, long before its log is long', async () => {
    const file = newFile();
    const database = await open(file);
    const user = aUser();
    await new SqlUserStore(database).insert(user, 'hash');
    const isCopied = () => readFileSync(file).includes(user.email);
    for (let glance = 0; glance < 250 && !isCopied(); glance += 1) await delay(20);
    expect(isCopied()).toBe(true);
    await database.close();
  });

  it('keeps the other writes of the tick in which one write fails', async () => {
    const database = await open();
    const [before, after] = [aSession(), aSession()];
    const store = new SqlSessionStore(database);
    const outcomes = await Promise.allSettled([
      store.insert(before),
      database.write(async (db) => {
        await db.deleteFrom('sessions').execute();
        throw new Error('in its middle');
      }),
      store.insert(after),
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    for (const session of [before, after]) expect(await store.find(session.id, noon)).toEqual(session);
    await database.close();
  });

  it('shows a look-up no data that is rolled back later', async () => {
    const database = await open();
    const [sessions, users] = [new SqlSessionStore(database), new SqlUserStore(database)];
    const [session, user] = [aSession(), aUser()];
    await sessions.insert(session);
    await users.insert(user, 'hash');
    const seen: unknown[] = [];
    const written = database.write(async (db) => {
      await db.deleteFrom('sessions').execute();
      await db.updateTable('users').set({ role: 'admin', password_hash: 'other' }).execute();
      seen.push(await sessions.find(session.id, noon), await users.find(user.id));
      seen.push(await users.findCredential(user.email));
      throw new Error('in its middle');
    });
    await expect(written).rejects.toThrow();
    expect(seen).toEqual([session, user, { user, passwordHash: 'hash' }]);
    await database.close();
  });

  it('has its tables created once when several processes open it at the same time', async () => {
    const file = newFile();
    const databases = await Promise.all(Array.from({ length: 4 }, () => open(file)));
    for (const database of databases) expect(await new SqlUserStore(database).count()).toBe(0);
    await Promise.all(databases.map((database) => database.close()));
  });
});

/** The mode of each file in the folder of a file. */
function modesBeside(file: string): Record<string, string> {
  const folder = dirname(file);
  const modeOf = (name: string) => (statSync(join(folder, name)).mode & 0o777).toString(8);
  return Object.fromEntries(readdirSync(folder).map((name) => [name, modeOf(name)]));
}
