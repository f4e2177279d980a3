import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { createClient } from '@redis/client';
import { Client } from 'pg';
import { describeIf } from './describe-if.js';
import { has } from './engines.js';

/** The PostgreSQL and the Redis that the tests may use, each spec a schema or a prefix of its own. */
const POSTGRES_URL = process.env.TEST_POSTGRES_URL ?? 'postgres://postgres@127.0.0.1:5432/postgres';
export const REDIS_URL = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';

/** `describe` where a PostgreSQL is reached; elsewhere it is skipped aloud, and with `CI=true` fails. */
export const describeWithPostgres = await describeIf('PostgreSQL', 'TEST_POSTGRES_URL', async () => {
  await onPostgres('select 1');
});

/** `describe` where a Redis is reached; elsewhere it is skipped aloud, and with `CI=true` fails. */
export const describeWithRedis = await describeIf('Redis', 'TEST_REDIS_URL', async () => {
  await onRedis((client) => client.ping());
});

/** The NATS that the tests may use, each spec a prefix of its own. */
export const NATS_URL = process.env.TEST_NATS_URL ?? 'nats://127.0.0.1:4222';

/** `describe` where a NATS is reached; elsewhere it is skipped aloud, and with `CI=true` fails. */
export const describeWithNats = await describeIf('NATS', 'TEST_NATS_URL', async () => {
  const { hostname, port } = new URL(NATS_URL);
  const socket = connect({ host: hostname, port: Number(port || 4222) });
  socket.setTimeout(2000, () => socket.destroy(new Error('no answer within 2 seconds')));
  try {
    await once(socket, 'data');
  } finally {
    socket.destroy();
  }
});

/** `describe` where this machine can start an engine of its own; elsewhere skipped aloud, and with `CI=true` fails. */
export const describeWithEngine = {
  postgres: await describeIf('PostgreSQL binary', 'PATH', () => requireBinary('postgres')),
  redis: await describeIf('redis-server binary', 'PATH', () => requireBinary('redis-server')),
};

/** A new empty schema, as a URL; `dump` has all that is in it, and `drop` takes it away with that. */
export async function newSchema(): Promise<{
  name: string;
  url: string;
  dump(): Promise<string>;
  drop(): Promise<void>;
}> {
  const name = newName();
  await onPostgres(`create schema ${name}`);
  const url = new URL(POSTGRES_URL);
  // No test stops this PostgreSQL, so nothing needs to be on its disk.
  url.searchParams.set('options', `-c search_path=${name} -c synchronous_commit=off`);
  const dump = async () => {
    const tables = await onPostgres(`select tablename from pg_tables where schemaname = '${name}'`);
    const rows = tables.map(({ tablename }) => onPostgres(`select * from ${name}.${tablename}`));
    return JSON.stringify(await Promise.all(rows));
  };
  return {
    name,
    url: url.href.replaceAll('+', '%20'),
    dump,
    // One transaction cannot lock all tables of a spec with many prefixes.
    drop: async () => {
      const tables = await onPostgres(`select tablename from pg_tables where schemaname = '${name}'`);
      for (let start = 0; start < tables.length; start += 100) {
        const some = tables.slice(start, start + 100).map(({ tablename }) => `${name}."${tablename}"`);
        await onPostgres(`drop table ${some.join(', ')} cascade`);
      }
      await onPostgres(`drop schema ${name} cascade`);
    },
  };
}

/** A new prefix, as a URL; `dump` has all keys under it and what they hold, and `drop` takes them away. */
export function newPrefix(): {
  url: string;
  prefix: string;
  dump(): Promise<string>;
  drop(): Promise<void>;
} {
  const prefix = newName();
  const drop = () =>
    onRedis(async (client) => {
      for await (const keys of client.scanIterator({ MATCH: `${prefix}:*` }))
        if (keys.length > 0) await client.del(keys);
    });
  const dump = async () => {
    const found: unknown[] = [];
    await onRedis(async (client) => {
      for await (const keys of client.scanIterator({ MATCH: `${prefix}:*` }))
        for (const key of keys)
          found.push(
            key,
            (await client.type(key)) === 'hash' ? await client.hGetAll(key) : await client.get(key),
          );
    });
    return JSON.stringify(found);
  };
  return { url: `${REDIS_URL}?prefix=${prefix}`, prefix, dump, drop };
}

async function onPostgres(statement: string): Promise<Record<string, unknown>[]> {
  const client = new Client({
    connectionString: POSTGRES_URL,
    connectionTimeoutMillis: 2000,
    options: '-c synchronous_commit=off',
  });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query(statement)).rows as Record<string, unknown>[];
  } finally {
    await client.end();
  }
}

async function onRedis(work: (client: ReturnType<typeof newRedisClient>) => Promise<unknown>): Promise<void> {
  const client = newRedisClient();
  try {
    await client.connect();
    await work(client);
  } finally {
    client.destroy();
  }
}

function newRedisClient() {
  const client = createClient({ url: REDIS_URL, socket: { connectTimeout: 2000, reconnectStrategy: false } });
  return client.on('error', () => {});
}

async function requireBinary(binary: Parameters<typeof has>[0]): Promise<void> {
  if (!has(binary)) throw new Error('it is not installed');
}

/** A name for a schema, a prefix or a database that no other test has. */
export function newName(): string {
  return `coatcheck_test_${randomBytes(6).toString('hex')}`;
}
