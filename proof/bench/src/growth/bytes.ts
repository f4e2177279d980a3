import { stat } from 'node:fs/promises';
import Database from 'better-sqlite3';
import { type Store, sqliteFileIn } from '../servers/coatcheck.js';
import { type Place, onPostgres, onRedis } from '../servers/place.js';

/** How many keys of Redis are asked for their size. */
const SAMPLE = 1000;

/** What the sessions of one place take, users aside; null where there is no such thing. */
export interface Bytes {
  readonly sessions: number;
  readonly indexes: number | null;
  /** Of all that SQLite has written, the users and the log with it. */
  readonly files: number | null;
}

/** What the sessions of a place take outside of the server's process; null where they are in it. */
export function bytesOf(store: Store, place: Place): Promise<Bytes | null> {
  const ask = {
    memory: async () => null,
    sqlite: () => bytesInSqlite(place),
    postgres: () => bytesInPostgres(place),
    redis: () => bytesInRedis(place),
  } satisfies Record<Store, () => Promise<Bytes | null>>;
  return ask[store]();
}

async function bytesInSqlite({ folder }: Place): Promise<Bytes> {
  const file = sqliteFileIn(folder);
  const sizes = await Promise.all([file, `${file}-wal`].map((path) => stat(path).then(({ size }) => size)));
  const database = new Database(file, { readonly: true });
  try {
    const bytes = database
      .prepare(
        `select sum(pgsize) as sessions, sum(case when type = 'index' then pgsize end) as indexes
         from dbstat join sqlite_schema using (name) where tbl_name = 'coatcheck_sessions'`,
      )
      .get() as { sessions: number; indexes: number };
    return { ...bytes, files: sizes.reduce((sum, size) => sum + size) };
  } finally {
    database.close();
  }
}

async function bytesInPostgres({ postgresUrl }: Place): Promise<Bytes> {
  const [row] = await onPostgres<{ sessions: string; indexes: string }>(
    `select pg_total_relation_size('coatcheck_sessions') as sessions, pg_indexes_size('coatcheck_sessions') as indexes`,
    postgresUrl,
  );
  return { sessions: Number(row?.sessions), indexes: Number(row?.indexes), files: null };
}

/** From the keys of a sample, each asked for all that it takes. */
function bytesInRedis({ redisPrefix }: Place): Promise<Bytes> {
  return onRedis(async (client) => {
    const found = new Set<string>();
    for await (const keys of client.scanIterator({ MATCH: `${redisPrefix}:*`, COUNT: 1000 }))
      for (const key of keys) found.add(key);
    const step = Math.ceil(found.size / SAMPLE);
    const sample = [...found].filter((_, index) => index % step === 0);
    const sizes = await Promise.all(sample.map((key) => client.memoryUsage(key, { SAMPLES: 0 })));
    const sampled = sizes.reduce<number>((sum, size) => sum + (size ?? 0), 0);
    return { sessions: (sampled * found.size) / sample.length, indexes: null, files: null };
  });
}
