import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client } from 'pg';
import { createClient } from 'redis';
import { whenOver } from '../cleanup.js';

/** An engine that servers may need beside their own process. */
export type Engine = 'postgres' | 'redis';

const POSTGRES_URL = process.env['TEST_POSTGRES_URL'] ?? 'postgres://postgres@127.0.0.1:5432/postgres';
const REDIS_URL = process.env['TEST_REDIS_URL'] ?? 'redis://127.0.0.1:6379';

/** Where one server keeps what it keeps; it is removed when the comparison is over. */
export interface Place {
  readonly folder: string;
  /** A schema of its own; empty where it needs none. */
  readonly postgresUrl: string;
  readonly redisUrl: string;
  /** What its keys in Redis begin with. */
  readonly redisPrefix: string;
}

/** Makes a new, empty place with the engines that a server needs. */
export async function newPlace(needs: readonly Engine[]): Promise<Place> {
  const name = `coatcheck_bench_${randomBytes(6).toString('hex')}`;
  const folder = await mkdtemp(join(tmpdir(), 'coatcheck-bench-'));
  whenOver(() => rm(folder, { recursive: true, force: true }));
  if (needs.includes('redis')) whenOver(() => dropKeys(`${name}:*`));
  const postgresUrl = needs.includes('postgres') ? await newSchema(name) : '';
  return { folder, postgresUrl, redisUrl: REDIS_URL, redisPrefix: name };
}

/** The engines that are reached from here. */
export async function reachableEngines(): Promise<ReadonlySet<Engine>> {
  const isReached = {
    postgres: () => onPostgres('select 1'),
    redis: () => onRedis((client) => client.ping()),
  } satisfies Record<Engine, () => Promise<unknown>>;
  const answers = await Promise.all(
    Object.entries(isReached).map(([engine, reach]) =>
      reach().then(
        () => [engine as Engine],
        () => [],
      ),
    ),
  );
  return new Set(answers.flat());
}

async function newSchema(name: string): Promise<string> {
  await onPostgres(`create schema ${name}`);
  whenOver(() => onPostgres(`drop schema ${name} cascade`));
  const url = new URL(POSTGRES_URL);
  url.searchParams.set('options', `-c search_path=${name}`);
  return url.href.replaceAll('+', '%20');
}

function dropKeys(pattern: string): Promise<void> {
  return onRedis(async (client) => {
    for await (const keys of client.scanIterator({ MATCH: pattern, COUNT: 1000 })) {
      if (keys.length > 0) await client.unlink(keys);
    }
  });
}

/** The rows that a statement gives. */
export async function onPostgres<Row extends object>(
  statement: string,
  connectionString = POSTGRES_URL,
): Promise<Row[]> {
  const client = new Client({ connectionString, connectionTimeoutMillis: 2000 });
  client.on('error', () => {});
  try {
    await client.connect();
    return (await client.query<Row>(statement)).rows;
  } finally {
    await client.end();
  }
}

/** What comes of some work with Redis. */
export async function onRedis<T>(
  work: (client: ReturnType<typeof newRedisClient>) => Promise<T>,
): Promise<T> {
  const client = newRedisClient();
  try {
    await client.connect();
    return await work(client);
  } finally {
    client.destroy();
  }
}

function newRedisClient() {
  const client = createClient({ url: REDIS_URL, socket: { connectTimeout: 2000, reconnectStrategy: false } });
  return client.on('error', () => {});
}
