import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createClient } from '@redis/client';
import SqliteConnection from 'better-sqlite3';
import { Redis } from 'ioredis';
import { Pool } from 'pg';
import { RedisServer, eventually } from '../../test/support/engines.js';
import {
  describeWithEngine,
  describeWithPostgres,
  describeWithRedis,
  newPrefix,
  newSchema,
} from '../../test/support/services.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { describeAuditStore } from '../testing/describe-audit-store.js';
import { describeCredentialStore } from '../testing/describe-credential-store.js';
import { describeFactorStore } from '../testing/describe-factor-store.js';
import { describeOutboxStore } from '../testing/describe-outbox-store.js';
import { describeTokenStore } from '../testing/describe-token-store.js';
import { describeSessionStore } from '../testing/describe-session-store.js';
import { describeThrottleStore } from '../testing/describe-throttle-store.js';
import { describeUserStore } from '../testing/describe-user-store.js';
import { aSession, aUser } from '../testing/samples.js';
import type { Backend } from './backend.js';
import { Connections } from './connections.js';
import { memory } from './memory.js';
import { postgres } from './postgres.js';
import { type GivenRedis, redis } from './redis.js';
import { sqlite } from './sqlite.js';
import type { StorageSource } from './storage-source.js';
import { StorageOptions } from './storage-options.js';

const PATIENT = 10_000;
const noon = new Date('2026-01-01T12:00:00.000Z');

function describeStores(name: string, open: () => Promise<Backend>): void {
  const opened = async <Name extends Exclude<keyof Backend, 'close'>>(store: Name) => {
    const backend = await open();
    return { store: backend[store]!, close: () => backend.close() };
  };
  const forgetsByItself = name.includes('Redis');
  describeSessionStore(`sessions on ${name}`, () => opened('sessions'), { forgetsByItself });
  describeThrottleStore(`counters on ${name}`, () => opened('tallies'));
  if (forgetsByItself) return;
  describeUserStore(`users on ${name}`, () => opened('users'));
  describeCredentialStore(`credentials on ${name}`, () => opened('credentials'));
  describeOutboxStore(`mails on ${name}`, () => opened('outbox'));
  describeFactorStore(`factors on ${name}`, () => opened('factors'));
  describeTokenStore(`tokens on ${name}`, () => opened('tokens'));
  describeAuditStore(`events on ${name}`, () => opened('audit'));
}

const newFile = () => join(mkdtempSync(join(tmpdir(), 'coatcheck-')), 'host.db');

describeStores('a Database of better-sqlite3', async () => {
  const database = new SqliteConnection(newFile());
  const backend = await sqlite(database).open(PATIENT);
  return { ...backend, close: async () => (await backend.close(), void database.close()) };
});

describe('A Database of better-sqlite3 that is handed in', () => {
  it('keeps its settings and its transactions, and is not closed', async () => {
    const file = newFile();
    const database = new SqliteConnection(file);
    database.exec('create table coats (name text)');
    const pragmas = () =>
      ['journal_mode', 'synchronous', 'busy_timeout', 'wal_autocheckpoint'].map((name) => [
        name,
        database.pragma(name),
      ]);
    const before = pragmas();
    const { users, close } = await sqlite(database).open(PATIENT);
    const inserting = users!.insert(aUser(), 'hash');
    database.exec('begin');
    database.exec(`insert into coats values ('a')`);
    // The write lock is the application's until it rolls back.
    setTimeout(() => database.exec('rollback'), 100);
    expect(await inserting).toBe(true);
    expect(await users!.count()).toBe(1);
    expect(database.prepare('select * from coats').all()).toEqual([]);
    expect(pragmas()).toEqual(before);
    await close();
    expect(database.open).toBe(true);
    expect(readFileSync(file).subarray(0, 6).toString()).toBe('SQLite');
    database.close();
  });

  it('can be closed by its owner at any time', async () => {
    const database = new SqliteConnection(newFile());
    const { users, close } = await sqlite(database).open(PATIENT);
    database.close();
    expect(await users!.insert(aUser(), 'hash')).toBe(true);
    await close();
  });

  it('is refused in memory and read-only', () => {
    const file = newFile();
    new SqliteConnection(file).close();
    expect(() => sqlite(new SqliteConnection(':memory:'))).toThrow('use memory() or a file');
    expect(() => sqlite(new SqliteConnection(file, { readonly: true }))).toThrow('read-only');
    expect(() => sqlite({} as never)).toThrow('must be the path of a file or a Database');
  });
});

describeWithPostgres('A pool of pg that is handed in', () => {
  let schema: Awaited<ReturnType<typeof newSchema>>;
  let pool: Pool;
  let count = 0;
  const source = (of = pool) => postgres(of, { schema: schema.name, tablePrefix: `t${(count += 1)}_` });

  beforeAll(async () => {
    schema = await newSchema();
    // Without the search path: the schema is in each statement.
    const url = new URL(schema.url);
    url.search = '';
    pool = new Pool({ connectionString: url.href, max: 5 });
  });
  afterAll(async () => {
    await pool.end();
    await schema.drop();
  });

  describeStores('a pool', () => source().open(PATIENT));

  it('is not closed, keeps no listener and no setting, and answers its owner as before', async () => {
    const own = new Pool({ ...pool.options, max: 1 });
    const client = await own.connect();
    const facts = async () =>
      (
        await client.query(`select current_setting('search_path'), current_setting('statement_timeout'),
        current_setting('application_name'), 1::bigint as count, (select count(*) from pg_prepared_statements)`)
      ).rows;
    const before = [await facts(), client.listenerCount('error'), client.listenerCount('notice')];
    client.release();
    const { users, sessions, close } = await source(own).open(PATIENT);
    await users!.insertFirst(aUser(), 'hash');
    const session = aSession();
    await sessions.insert(session, { max: 1, policy: 'refuse' });
    expect(await sessions.find(session.id, noon)).toEqual(session);
    await close();
    expect(own.ended).toBe(false);
    expect(await own.connect()).toBe(client);
    expect([await facts(), client.listenerCount('error'), client.listenerCount('notice')]).toEqual(before);
    client.release();
    await own.end();
  });

  it('that has no connection left, or is closed, is a store that cannot answer in time', async () => {
    const own = new Pool({ ...pool.options, max: 1 });
    const { users, close } = await source(own).open(200);
    const held = await own.connect();
    const before = performance.now();
    await expect(users!.insert(aUser(), 'hash')).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - before).toBeLessThan(1000);
    held.release();
    // What was given up is not executed later.
    expect(await users!.count()).toBe(0);
    await own.end();
    await expect(users!.find('id')).rejects.toBeInstanceOf(StoreUnavailableError);
    await close();
  });

  it('replaces a connection that the server has ended, or that does not answer in time', async () => {
    const own = new Pool({ ...pool.options, max: 1 });
    own.on('error', () => {});
    const storage = source(own);
    const patient = await storage.open(PATIENT);
    const hasty = await storage.open(500);
    const user = aUser();
    await patient.users!.insert(user, 'hash');
    const pid = async () => (await own.query('select pg_backend_pid() as pid')).rows[0].pid as number;
    await pool.query('select pg_terminate_backend($1)', [await pid()]);
    expect(await patient.users!.find(user.id)).toEqual(user);
    const blocker = await pool.connect();
    await blocker.query(`begin; lock table ${schema.name}.t${count}_users in access exclusive mode`);
    const waiting = await pid();
    await expect(hasty.users!.find(user.id)).rejects.toBeInstanceOf(StoreUnavailableError);
    await blocker.query('rollback');
    blocker.release();
    expect(await pid()).not.toBe(waiting);
    expect(await patient.users!.find(user.id)).toEqual(user);
    await Promise.all([patient.close(), hasty.close()]);
    await own.end();
  });
});

describeWithRedis('A client of node-redis that is handed in', () => {
  const place = newPrefix();
  const client = createClient({ url: place.url.split('?')[0]! });
  let count = 0;
  const source = () => redis(client, { keyPrefix: `${place.prefix}:${(count += 1)}` });

  beforeAll(async () => {
    client.on('error', () => {});
    await client.connect();
  });
  afterAll(async () => {
    client.destroy();
    await place.drop();
  });

  describeStores('a client of Redis', () => source().open(PATIENT));

  it('is not closed, and has no listener more', async () => {
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    const { sessions, close } = await source().open(PATIENT);
    await sessions.insert(aSession());
    await close();
    const before = performance.now();
    await expect(sessions.find('id', noon)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(client.isReady).toBe(true);
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners);
  });

  it('is refused where it is not connected', async () => {
    const other = createClient();
    await expect(redis(other).open(PATIENT)).rejects.toThrow('Call connect() before you hand it in.');
  });
});

describeWithRedis('A client of ioredis that is handed in', () => {
  const place = newPrefix();
  const newClient = (keyPrefix = '') =>
    new Redis(place.url.split('?')[0]!, {
      keyPrefix,
      lazyConnect: true,
      autoResendUnfulfilledCommands: false,
    });
  const [client, prefixed] = [newClient(), newClient(`${place.prefix}:outer:`)];
  let count = 0;
  const source = (one: Redis) => redis(one, { keyPrefix: `${place.prefix}:io${(count += 1)}` });

  beforeAll(() => Promise.all([client.connect(), prefixed.connect()]));
  afterAll(async () => {
    client.disconnect();
    prefixed.disconnect();
    await place.drop();
  });

  describeStores('a client of Redis', () => source(client).open(PATIENT));
  describeStores('a client of Redis with a prefix of its own', () => source(prefixed).open(PATIENT));

  it('is not closed, and has no listener more', async () => {
    const listeners = client.eventNames().map((name) => [name, client.listenerCount(name)]);
    const { sessions, close } = await source(client).open(PATIENT);
    await sessions.insert(aSession());
    await close();
    const before = performance.now();
    await expect(sessions.find('id', noon)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - before).toBeLessThan(1000);
    expect(client.status).toBe('ready');
    expect(client.eventNames().map((name) => [name, client.listenerCount(name)])).toEqual(listeners);
  });
});

describeWithEngine.redis('A client of Redis that is handed in and whose server is lost', () => {
  let server: RedisServer;

  beforeAll(async () => {
    server = await RedisServer.start();
  });
  afterAll(() => server.close());

  const CLIENTS: Record<string, () => Promise<{ client: GivenRedis; end: () => unknown }>> = {
    'node-redis': async () => {
      const client = createClient({ url: server.url, socket: { reconnectStrategy: () => 50 } });
      client.on('error', () => {});
      await client.connect();
      return { client, end: () => client.destroy() };
    },
    ioredis: async () => {
      const client = new Redis(server.url, {
        lazyConnect: true,
        retryStrategy: () => 50,
        maxRetriesPerRequest: null,
        autoResendUnfulfilledCommands: false,
      });
      client.on('error', () => {});
      await client.connect();
      return { client, end: () => client.disconnect() };
    },
  };

  it.each(Object.entries(CLIENTS))(
    'cannot answer in time, and sends nothing later: %s',
    async (_, connect) => {
      const { client, end } = await connect();
      const { sessions } = await redis(client).open(500);
      const [queued, kept] = [aSession(), aSession()];
      await server.kill();
      const before = performance.now();
      await expect(sessions.insert(queued)).rejects.toBeInstanceOf(StoreUnavailableError);
      expect(performance.now() - before).toBeLessThan(2000);
      await server.restart();
      await eventually(() => sessions.insert(kept));
      await eventually(async () => expect(await sessions.find(kept.id, noon)).toEqual(kept));
      expect(await sessions.find(queued.id, noon)).toBeNull();
      end();
    },
  );

  it.each(Object.entries(CLIENTS))('cannot answer in time while it hangs: %s', async (_, connect) => {
    const { client, end } = await connect();
    const { sessions } = await redis(client).open(500);
    const session = aSession();
    await sessions.insert(session);
    await server.freeze();
    const before = performance.now();
    await expect(sessions.find(session.id, noon)).rejects.toBeInstanceOf(StoreUnavailableError);
    expect(performance.now() - before).toBeLessThan(2000);
    server.thaw();
    await eventually(async () => expect(await sessions.find(session.id, noon)).toEqual(session));
    end();
  });
});

describe('The options of storage', () => {
  const faults = (given: object) => {
    try {
      return String(new StorageOptions(given));
    } catch (error) {
      return (error as Error).message;
    }
  };
  const client = { isReady: true, sendCommand: () => Promise.resolve() };

  it.each<[object, string]>([
    [{ database: redis(client) }, 'must be a database; sessions alone can be in Redis'],
    [{ database: memory(), tablePrefix: 'a_' }, 'is for URLs; give it to sqlite() or postgres()'],
  ])('refuse %j', (given, fault) => expect(faults(given)).toContain(fault));

  it.each<[() => StorageSource, string]>([
    [() => sqlite('coats.db', { tablePrefix: '1' }), 'must be 1 to 40 letters'],
    [() => postgres('redis://host'), 'must be postgres://… or a pool of pg'],
    [() => postgres({} as never), 'must be postgres://… or a pool of pg'],
    [() => redis({ isCluster: true } as never), 'use redis-cluster://… or redis-sentinel://…'],
    [() => redis('redis://host', { keyPrefix: '' }), 'must be a text that is not empty'],
  ])('refuse a source that cannot be: %#', (make, fault) => expect(make).toThrow(fault));

  it('take a source for users and another for sessions', async () => {
    const connections = await Connections.open(
      new StorageOptions({ database: memory(), sessions: sqlite(newFile()) }),
    );
    expect(connections.sessions.durable).toBe(true);
    await connections.onApplicationShutdown();
  });
});
