import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Transaction, sql } from 'kysely';
import { describeWithPostgres, newSchema } from '../../../test/support/services.js';
import { sqlSpoilings } from '../../../test/support/spoilings.js';
import { expectOneSweeper } from '../../../test/support/sweepers.js';
import { expectClearance } from '../../../test/support/tallies.js';
import { describeAuditStore } from '../../testing/describe-audit-store.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { describeUserStore } from '../../testing/describe-user-store.js';
import { aSession, aUser } from '../../testing/samples.js';
import type { UserUpdate } from '../../users/user-store.js';
import { Connections } from '../connections.js';
import { StorageOptions } from '../storage-options.js';
import { PostgresDatabase } from './postgres.database.js';
import type { Schema } from './schema.js';
import { SqlAuditStore } from './sql.audit-store.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlThrottleStore } from './sql.throttle-store.js';
import { SqlUserStore } from './sql.user-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
/** Many calls at once on a busy machine; how soon a store gives up is looked at elsewhere. */
const PATIENT = 10_000;

describeWithPostgres('On PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;

  beforeAll(async () => {
    schema = await newSchema();
  });
  afterAll(() => schema.drop());

  async function openEmpty(): Promise<PostgresDatabase> {
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    await sql`truncate users, sessions, tallies, sweep_lease, audit_events`.execute(database.db);
    return database;
  }

  let opened: PostgresDatabase;
  const spoilings = sqlSpoilings(() => opened, 'postgres');

  async function storeOf<T>(make: (database: PostgresDatabase) => T) {
    opened = await openEmpty();
    return { store: make(opened), close: () => opened.close() };
  }

  describeSessionStore('SqlSessionStore', () => storeOf((database) => new SqlSessionStore(database)), {
    spoilings: spoilings.sessions,
  });
  describeUserStore('SqlUserStore', () => storeOf((database) => new SqlUserStore(database)), {
    spoilings: spoilings.users,
  });
  describeAuditStore('SqlAuditStore', () => storeOf((database) => new SqlAuditStore(database)), {
    spoilings: spoilings.events,
  });
  describeThrottleStore('SqlThrottleStore', () => storeOf((database) => new SqlThrottleStore(database)));

  it('clears tallies that are over, as others come', async () => expectClearance(await openEmpty()));

  describe('two pools of connections', () => {
    let here: PostgresDatabase;
    let there: PostgresDatabase;

    beforeAll(async () => {
      [here, there] = [await openEmpty(), await openEmpty()];
    });
    afterAll(() => Promise.all([here.close(), there.close()]));

    it.each(['refuse', 'evict_oldest'] as const)('hold a limit together (%s)', async (policy) => {
      const stores = [new SqlSessionStore(here), new SqlSessionStore(there)];
      const results = await Promise.all(
        Array.from({ length: 50 }, (_, index) =>
          stores[index % 2]!.insert(aSession({ userId: policy }), { max: 5, policy }),
        ),
      );
      expect(results.filter((result) => result.outcome === 'inserted')).toHaveLength(
        policy === 'refuse' ? 5 : 50,
      );
      expect(await stores[0]!.findByUser(policy, noon)).toHaveLength(5);
    });

    it('leave the sweeping to one of them, until it has rested', () =>
      expectOneSweeper(new SqlSessionStore(here), new SqlSessionStore(there)));

    it('let one first user in', async () => {
      const stores = [new SqlUserStore(here), new SqlUserStore(there)];
      const founded = await Promise.all(
        Array.from({ length: 20 }, (_, index) => stores[index % 2]!.insertFirst(aUser(), 'hash')),
      );
      expect(founded.filter(Boolean)).toHaveLength(1);
    });

    it('have an address be taken where another writer of it is faster by a moment', async () => {
      const store = new SqlUserStore(here);
      const [ann, ben] = [aUser(), aUser()];
      for (const user of [ann, ben]) await store.insert(user, 'hash');
      const email = 'lee@example.com';
      const changes: Promise<UserUpdate>[] = [];
      await there.db.transaction().execute(async (transaction) => {
        const address = { email, email_key: email };
        await transaction.updateTable('users').set(address).where('id', '=', ben.id).execute();
        changes.push(store.update(ann.id, { email }, noon));
        await untilAwaited(transaction);
      });
      expect(await Promise.all(changes)).toEqual([{ outcome: 'email_taken' }]);
    });
  });
});

/** Ends when some other transaction waits for this one. */
async function untilAwaited(transaction: Transaction<Schema>): Promise<void> {
  const waiting = sql`select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`;
  while ((await waiting.execute(transaction)).rows.length === 0) await setImmediate();
}

describeWithPostgres('An empty PostgreSQL database', () => {
  it('has its tables made once, whoever opens it at the same time', async () => {
    const schema = await newSchema();
    const databases = await Promise.all(
      Array.from({ length: 8 }, () => PostgresDatabase.open(schema.url, PATIENT)),
    );
    for (const database of databases) expect(await new SqlUserStore(database).count()).toBe(0);
    await Promise.all(databases.map((database) => database.close()));
    await schema.drop();
  });
});

describeWithPostgres('A PostgreSQL database in which others come and go', () => {
  it('is opened all the same', async () => {
    const [mine, other] = [await newSchema(), await newSchema()];
    const others = await PostgresDatabase.open(other.url, PATIENT);
    const visit = { isOver: false };
    const churn = Array.from({ length: 2 }, async (_, index) => {
      const name = sql.id(`${other.name}_${index}`);
      const columns = sql.raw(Array.from({ length: 50 }, (__, column) => `c${column} serial`).join());
      while (!visit.isOver) {
        await sql`create schema ${name}`.execute(others.db);
        await sql`create table ${name}.coats (${columns})`.execute(others.db);
        await sql`drop schema ${name} cascade`.execute(others.db);
      }
    });
    for (let opened = 0; opened < 10; opened += 1)
      await (await PostgresDatabase.open(mine.url, PATIENT)).close();
    visit.isOver = true;
    await Promise.all(churn);
    await others.close();
    await Promise.all([mine.drop(), other.drop()]);
  });
});

describeWithPostgres('Two schemas of one PostgreSQL database', () => {
  it('are two installations', async () => {
    const schemas = [await newSchema(), await newSchema()];
    const databases = await Promise.all(schemas.map(({ url }) => PostgresDatabase.open(url, PATIENT)));
    const [here, there] = databases.map((database) => new SqlUserStore(database));
    expect(await here!.insertFirst(aUser(), 'hash')).toBe(true);
    expect(await there!.count()).toBe(0);
    await Promise.all(databases.map((database) => database.close()));
    await Promise.all(schemas.map(({ drop }) => drop()));
  });
});

describe('A PostgreSQL server that is not there', () => {
  it('stops the start, without a word of the password', async () => {
    const opened = PostgresDatabase.open('postgres://ann:hunter2@127.0.0.1:1/db?sslmode=disable', 200);
    await expect(opened).rejects.toThrow(/^Cannot open postgres:\/\/127\.0\.0\.1:1\/db: .*ECONNREFUSED/);
  });
});

describeWithPostgres('A connection to PostgreSQL that became useless', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;
  let database: PostgresDatabase;

  beforeEach(async () => {
    schema = await newSchema();
    database = await PostgresDatabase.open(schema.url, PATIENT);
  });
  afterEach(async () => {
    await database.close();
    await schema.drop();
  });

  /** Fills the pool with connections that have prepared the look-up. */
  async function prepareEverywhere(store: SqlUserStore, id: string): Promise<void> {
    const holding = Promise.all(
      Array.from({ length: 9 }, () => sql`select pg_sleep(0.2)`.execute(database.db)),
    );
    await store.find(id);
    await holding;
    await Promise.all(Array.from({ length: 10 }, () => store.find(id)));
  }

  it.each([
    ['the tables were changed', sql`alter table users alter column email type varchar(300)`],
    ['the server forgot its prepared statements', sql`deallocate all`],
  ])('is replaced, and nobody notices: %s', async (_, change) => {
    const [store, user] = [new SqlUserStore(database), aUser()];
    await store.insert(user, 'hash');
    await prepareEverywhere(store, user.id);
    await change.execute(database.db);
    for (let index = 0; index < 20; index += 1) expect(await store.find(user.id)).toEqual(user);
  });

  it('is replaced when the server has ended it, and what only reads is repeated', async () => {
    const [store, user] = [new SqlUserStore(database), aUser()];
    await store.insert(user, 'hash');
    const administrator = await PostgresDatabase.open(schema.url, PATIENT);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and query like ${`%${schema.name}%`}`.execute(administrator.db);
    expect(await store.find(user.id)).toEqual(user);
    await administrator.close();
  });

  it('is replaced when the server is read-only from now on: an answer to it may be behind', async () => {
    const store = new SqlSessionStore(database);
    const session = aSession();
    await store.insert(session);
    await sql`set default_transaction_read_only = on`.execute(database.db).catch(() => {});
    expect(await store.end(session.id, 'signed_out', noon)).toBe(true);
    expect(await store.find(session.id, noon)).toBeNull();
  });
});

describeWithPostgres('A PostgreSQL database that cannot hold every character', () => {
  it.each(['LATIN1', 'SQL_ASCII'])('is refused by name, for users and for sessions: %s', async (encoding) => {
    const schema = await newSchema();
    const server = await PostgresDatabase.open(schema.url, PATIENT);
    const name = `coat_${encoding.toLowerCase()}_${process.pid}`;
    const options = sql.raw(`encoding '${encoding}' template template0 lc_collate 'C' lc_ctype 'C'`);
    await sql`create database ${sql.id(name)} ${options}`.execute(server.db);
    const url = new URL(schema.url);
    url.pathname = name;
    url.search = '';
    const reason = `The encoding of the database is ${encoding}`;
    await expect(PostgresDatabase.open(url.href, PATIENT)).rejects.toThrow(reason);
    const places = [{ database: url.href }, { database: 'memory:', sessions: url.href }];
    for (const place of places)
      await expect(Connections.open(new StorageOptions(place))).rejects.toThrow(reason);
    await sql`drop database ${sql.id(name)} with (force)`.execute(server.db);
    await server.close();
    await schema.drop();
  });
});
