import { setImmediate } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { type Transaction, sql } from 'kysely';
import { describeWithPostgres, newSchema } from '../../../test/support/services.js';
import { sqlSpoilings } from '../../../test/support/spoilings.js';
import {
  expectNeitherChangeNorMail,
  expectOneSender,
  expectToJoinItsOwn,
} from '../../../test/support/outboxes.js';
import { expectOneSweeper } from '../../../test/support/sweepers.js';
import { expectClearance, setText } from '../../../test/support/tallies.js';
import { describeAuditStore } from '../../testing/describe-audit-store.js';
import { describeCredentialStore } from '../../testing/describe-credential-store.js';
import { describeFactorStore } from '../../testing/describe-factor-store.js';
import { describeOutboxStore } from '../../testing/describe-outbox-store.js';
import { describeTokenStore } from '../../testing/describe-token-store.js';
import { describeSessionStore } from '../../testing/describe-session-store.js';
import { describeThrottleStore } from '../../testing/describe-throttle-store.js';
import { describeUserStore } from '../../testing/describe-user-store.js';
import { aMail, aSession, aUser } from '../../testing/samples.js';
import type { UserUpdate } from '../../users/user-store.js';
import { Connections } from '../connections.js';
import { StorageOptions } from '../storage-options.js';
import { PostgresDatabase } from './postgres.database.js';
import type { Schema } from './schema.js';
import { SqlAuditStore } from './sql.audit-store.js';
import { SqlCredentialStore } from './sql.credential-store.js';
import { SqlFactorStore } from './sql.factor-store.js';
import { SqlOutboxStore } from './sql.outbox-store.js';
import { SqlTokenStore } from './sql.token-store.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlTextTable } from './sql.text-table.js';
import { SqlThrottleStore } from './sql.throttle-store.js';
import { SqlUserStore } from './sql.user-store.js';

const noon = new Date('2026-01-01T12:00:00.000Z');
/** Milliseconds; long, because many calls run at once on a busy machine. Other specs test the timeout. */
const PATIENT = 10_000;

/** A promise, and the function that resolves it. */
function signal() {
  let resolve!: () => void;
  const promise = new Promise<void>((given) => (resolve = given));
  return { promise, resolve };
}

describeWithPostgres('On PostgreSQL', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;

  beforeAll(async () => {
    schema = await newSchema();
  });
  afterAll(() => schema.drop());

  async function openEmpty(): Promise<PostgresDatabase> {
    const database = await PostgresDatabase.open(schema.url, PATIENT);
    await sql`truncate coatcheck_users, coatcheck_sessions, coatcheck_tallies, coatcheck_sweep_lease,
      coatcheck_audit_events, coatcheck_credentials, coatcheck_outbox, coatcheck_factors`.execute(
      database.db,
    );
    return database;
  }

  let opened: PostgresDatabase;
  const outbox = () => new SqlOutboxStore(opened);
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
    outbox,
  });
  describeCredentialStore(
    'SqlCredentialStore',
    () => storeOf((database) => new SqlCredentialStore(database)),
    { spoilings: spoilings.credentials, outbox },
  );
  describeUserStore(
    'SqlUserStore that reads little at a time',
    () => storeOf((database) => new SqlUserStore(database, { few: 4, window: 6 })),
    { spoilings: spoilings.users, outbox },
  );
  describeOutboxStore('SqlOutboxStore', () => storeOf((database) => new SqlOutboxStore(database)), {
    spoilings: spoilings.mails,
  });
  describeAuditStore('SqlAuditStore', () => storeOf((database) => new SqlAuditStore(database)), {
    spoilings: spoilings.events,
  });
  describeThrottleStore('SqlThrottleStore', () => storeOf((database) => new SqlThrottleStore(database)), {
    spoilings: spoilings.tallies,
  });
  describeFactorStore('SqlFactorStore', () => storeOf((database) => new SqlFactorStore(database)), {
    outbox,
  });
  describeTokenStore('SqlTokenStore', () => storeOf((database) => new SqlTokenStore(database)), { outbox });

  it('deletes expired counters when new ones are inserted', async () => expectClearance(await openEmpty()));

  it('does not make a change if it refuses the mail', async () => {
    const database = await openEmpty();
    await expectNeitherChangeNorMail(database);
    await database.close();
  });

  it('makes a change and adds its mail once, also if the connection is lost between them', async () => {
    const [database, holder] = [await openEmpty(), await openEmpty()];
    const [users, outbox] = [new SqlUserStore(database), new SqlOutboxStore(database)];
    const user = aUser();
    await users.insert(user, 'hash');
    const mail = aMail();
    const change = await holder.db.transaction().execute(async (transaction) => {
      await sql`lock table coatcheck_outbox in access exclusive mode`.execute(transaction);
      const changing = users.replacePassword(user.id, 1, 'new hash', noon, [mail]);
      const ending = () =>
        sql`select pg_terminate_backend(pid) from pg_locks
            where not granted and relation = 'coatcheck_outbox'::regclass`.execute(transaction);
      while ((await ending()).rows.length === 0) await setImmediate();
      expect(await users.findCredentialById(user.id)).toEqual({ user, passwordHash: 'hash' });
      return { changing };
    });
    expect((await change.changing)?.credentialVersion).toBe(2);
    expect((await users.findCredentialById(user.id))?.passwordHash).toBe('new hash');
    expect((await outbox.list(null, 10, null)).map(({ id }) => id)).toEqual([mail.id]);
    await Promise.all([database.close(), holder.close()]);
  });

  it('plans a look-up of users a few times only', async () => {
    const { store, close } = await storeOf((database) => new SqlUserStore(database));
    const user = aUser();
    await store.insert(user, 'hash');
    await sql`insert into coatcheck_users select (jsonb_populate_record(one,
      jsonb_build_object('id', number::text, 'email_key', number::text))).*
      from coatcheck_users as one, generate_series(1, 500) as number`.execute(opened.db);
    for (let times = 1; times <= 20; times++) expect(await store.find(user.id)).toEqual(user);
    const { rows } = await sql<Record<'custom_plans' | 'generic_plans', number>>`
      select custom_plans, generic_plans from pg_prepared_statements where name = 'user'`.execute(opened.db);
    expect(rows).toEqual([{ custom_plans: 5, generic_plans: 15 }]);
    await close();
  });

  describe('two pools of connections', () => {
    let here: PostgresDatabase;
    let there: PostgresDatabase;

    beforeAll(async () => {
      [here, there] = [await openEmpty(), await openEmpty()];
    });
    afterAll(() => Promise.all([here.close(), there.close()]));

    it.each(['refuse', 'evict_oldest'] as const)('share a session limit (%s)', async (policy) => {
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

    it('delete expired counters, but neither wait for one that the other renews nor delete it', async () => {
      const [renewed, expired] = [new SqlTextTable(here), new SqlTextTable(there)];
      const at = (ms: number) => new Date(noon.getTime() + ms);
      await setText(renewed, 'renewed', 'old', at(1), noon);
      const deleted = signal();
      const renewal = here.transaction('renewed', async (transaction) => {
        await transaction
          .updateTable('tallies')
          .set({ until: at(10).getTime() })
          .where('key', '=', 'renewed')
          .execute();
        await deleted.promise;
      });
      for (let index = 0; index < 110; index += 1)
        await setText(expired, `expired ${index}`, 'text', at(index + 3), at(index + 2));
      deleted.resolve();
      await renewal;
      expect(await renewed.read(['renewed', 'expired 0'], at(2))).toEqual(['old', null]);
    });

    const guess = {
      account: 'ann',
      networks: ['192.0.2.1'],
      mostForServer: 0,
      isRight: false,
      familiarities: ['stranger'],
      remembers: false,
      until: new Date(noon.getTime() + 60_000),
    } as const;

    it('count parallel guesses as sequential ones, also the first ones at an account', async () => {
      const stores = [new SqlThrottleStore(here), new SqlThrottleStore(there)];
      for (const account of ['both 1', 'both 2', 'both 3']) {
        const attempt = { ...guess, account, networks: [account], mostForServer: 99 } as const;
        const outcomes = await Promise.all(
          Array.from({ length: 40 }, (_, index) => stores[index % 2]!.recordGuess(attempt, noon)),
        );
        expect(outcomes.filter(Boolean)).toHaveLength(5);
        const { ofNetworks } = await stores[0]!.read({ accounts: [], networks: [account] }, noon);
        expect(ofNetworks?.counts).toEqual({ [account]: 40 });
      }
    });

    it('keep connections for others while many attempts at one account wait for each other', async () => {
      const store = new SqlThrottleStore(here);
      const locked = signal();
      const done = signal();
      const holding = there.transaction('ann', async (transaction) => {
        await transaction
          .insertInto('tallies')
          .values({ key: 'guesses:ann', text: 'new', until: 0 })
          .execute();
        locked.resolve();
        await done.promise;
      });
      await locked.promise;
      const waiting = Array.from({ length: 50 }, () => store.recordGuess(guess, noon));
      expect(await new SqlUserStore(here).find('nobody')).toBeNull();
      done.resolve();
      await holding;
      expect((await Promise.all(waiting)).filter(Boolean)).toHaveLength(5);
    });

    it('sweep in one of them, until its lease expires', () =>
      expectOneSweeper(new SqlSessionStore(here), new SqlSessionStore(there)));

    it('send mails in one of them, until its lease ends', () => expectOneSender(here, there));

    it('have an outbox each, which joins the stores on its own', () => expectToJoinItsOwn(here, there));

    it('insert one first user', async () => {
      const stores = [new SqlUserStore(here), new SqlUserStore(there)];
      const founded = await Promise.all(
        Array.from({ length: 20 }, (_, index) => stores[index % 2]!.insertFirst(aUser(), 'hash')),
      );
      expect(founded.filter(Boolean)).toHaveLength(1);
    });

    it('report an address as taken when a concurrent transaction inserts it first', async () => {
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

/** Resolves when another transaction waits for this one. */
async function untilAwaited(transaction: Transaction<Schema>): Promise<void> {
  const waiting = sql`select from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))`;
  while ((await waiting.execute(transaction)).rows.length === 0) await setImmediate();
}

describeWithPostgres('An empty PostgreSQL database', () => {
  it('has its tables created once when several processes open it at the same time', async () => {
    const schema = await newSchema();
    const databases = await Promise.all(
      Array.from({ length: 8 }, () => PostgresDatabase.open(schema.url, PATIENT)),
    );
    for (const database of databases) expect(await new SqlUserStore(database).count()).toBe(0);
    await Promise.all(databases.map((database) => database.close()));
    await schema.drop();
  });
});

describeWithPostgres('A PostgreSQL database in which other applications create and drop tables', () => {
  it('can be opened', async () => {
    const [mine, other] = [await newSchema(), await newSchema()];
    const others = await PostgresDatabase.open(other.url, PATIENT);
    const churning = { isDone: false };
    const churn = Array.from({ length: 2 }, async (_, index) => {
      const name = sql.id(`${other.name}_${index}`);
      const columns = sql.raw(Array.from({ length: 50 }, (__, column) => `c${column} serial`).join());
      while (!churning.isDone) {
        await sql`create schema ${name}`.execute(others.db);
        await sql`create table ${name}.coats (${columns})`.execute(others.db);
        await sql`drop schema ${name} cascade`.execute(others.db);
      }
    });
    for (let opened = 0; opened < 10; opened += 1)
      await (await PostgresDatabase.open(mine.url, PATIENT)).close();
    churning.isDone = true;
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
  it('stops the start, and the error does not contain the password', async () => {
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

  /** Fills the pool with connections that have prepared the query. */
  async function prepareEverywhere(store: SqlUserStore, id: string): Promise<void> {
    const holding = Promise.all(
      Array.from({ length: 9 }, () => sql`select pg_sleep(0.2)`.execute(database.db)),
    );
    await store.find(id);
    await holding;
    await Promise.all(Array.from({ length: 10 }, () => store.find(id)));
  }

  it.each([
    ['the tables were changed', sql`alter table coatcheck_users alter column email type varchar(300)`],
    ['the server forgot its prepared statements', sql`deallocate all`],
  ])('is replaced without an error: %s', async (_, change) => {
    const [store, user] = [new SqlUserStore(database), aUser()];
    await store.insert(user, 'hash');
    await prepareEverywhere(store, user.id);
    await change.execute(database.db);
    for (let index = 0; index < 20; index += 1) expect(await store.find(user.id)).toEqual(user);
  });

  it('is replaced when the server has closed it, and reads are repeated', async () => {
    const [store, user] = [new SqlUserStore(database), aUser()];
    await store.insert(user, 'hash');
    const administrator = await PostgresDatabase.open(schema.url, PATIENT);
    await sql`select pg_terminate_backend(pid) from pg_stat_activity
      where pid <> pg_backend_pid() and query like ${`%${schema.name}%`}`.execute(administrator.db);
    expect(await store.find(user.id)).toEqual(user);
    await administrator.close();
  });

  it('is replaced when the server becomes read-only, because its data may be old', async () => {
    const store = new SqlSessionStore(database);
    const session = aSession();
    await store.insert(session);
    await sql`set default_transaction_read_only = on`.execute(database.db).catch(() => {});
    expect(await store.end(session.id, 'signed_out', noon)).toBe(true);
    expect(await store.find(session.id, noon)).toBeNull();
  });
});

describeWithPostgres('A PostgreSQL database that cannot hold every character', () => {
  it.each(['LATIN1', 'SQL_ASCII'])(
    'is refused with its name, for users and for sessions: %s',
    async (encoding) => {
      const schema = await newSchema();
      // Creating a database waits for a checkpoint.
      const server = await PostgresDatabase.open(schema.url, 60_000);
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
    },
  );
});
