import { setTimeout as delay } from 'node:timers/promises';
import SqliteConnection from 'better-sqlite3';
import { Client as PostgresClient } from 'pg';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { NAMES, Stage, none, percentile, told } from './support.js';
import { WatchedClient, atMost, pace, tokensOf } from './watch.js';

/** Sessions that are over for long. */
const COUNT = { full: 1_000_000, short: 20_000 } satisfies Record<Scale, number>;

/** Requests a second. */
const RATE = { full: 300, short: 100 } satisfies Record<Scale, number>;

/** Milliseconds after which a sweep is given up; it sets out within six seconds. */
const PATIENCE = { full: 30 * 60_000, short: 100_000 } satisfies Record<Scale, number>;

/** Milliseconds between two looks at the table. */
const GLANCE = 50;

const DAY = 24 * 60 * 60_000;

/** Old sessions are forgotten beside the requests and not before them. Redis forgets by itself. */
export const sweeping: readonly Scenario[] = (['sqlite', 'postgres'] as const).map((store) => ({
  title: `a sweep of many sessions on ${NAMES[store]}`,
  play: (scale) => Stage.play(store, (stage) => sweep(stage, scale)),
}));

/** The table of sessions, seen past the server. */
interface Table {
  /** Adds so many, over the last of them for days. */
  fill(count: number): Promise<void>;
  /** Whether a sweep has begun. */
  isSwept(): Promise<boolean>;
  /** Whether there is one that a sweep has to take. */
  isStale(): Promise<boolean>;
  close(): Promise<void>;
}

async function sweep(stage: Stage, scale: Scale): Promise<Measurement[]> {
  const first = await stage.start();
  const client = new WatchedClient(first);
  const tokens = await tokensOf(client, await client.people(10), 50);
  await first.stop();
  const table = await openTable(stage);
  try {
    await table.fill(COUNT[scale]);
    const server = await stage.start({ SESSION_SWEEP_INTERVAL: '5s' });
    return await watchSweep(server, tokens, table, { name: NAMES[stage.store], scale });
  } finally {
    await table.close();
  }
}

async function watchSweep(
  server: Server,
  tokens: readonly string[],
  table: Table,
  { name, scale }: { readonly name: string; readonly scale: Scale },
): Promise<Measurement[]> {
  const client = new WatchedClient(server);
  const answers: { readonly due: number; readonly ms: number }[] = [];
  const over = new AbortController();
  const load = pace(RATE[scale], over.signal, async (due) => {
    await client.me(tokens[answers.length % tokens.length]!);
    answers.push({ due, ms: performance.now() - due });
  });
  let [begun, gone] = [0, 0];
  try {
    const deadline = performance.now() + PATIENCE[scale];
    begun = await moment(() => table.isSwept(), deadline);
    gone = await moment(async () => !(await table.isStale()), deadline);
  } finally {
    over.abort();
    await load;
  }
  const calm = answers.filter(({ due }) => due < begun).map(({ ms }) => ms);
  const busy = answers.filter(({ due }) => due >= begun && due <= gone).map(({ ms }) => ms);
  const during = `during a sweep of ${COUNT[scale]} sessions`;
  return [
    none(
      `answers beside 200, ${during}`,
      name,
      client.countBeside(200) - client.count('broken'),
      client.total,
    ),
    told(`outcomes, ${during}`, name, client.outcomes),
    atMost(`p99 at ${RATE[scale]} requests/s, ${during}`, name, percentile(busy, 0.99), 50, scale),
    told(`slowest of ${busy.length} requests, ${during}`, name, `${percentile(busy, 1).toFixed(1)} ms`),
    told(
      'p99 and slowest before it',
      name,
      `${percentile(calm, 0.99).toFixed(1)} ms, ${percentile(calm, 1).toFixed(1)} ms`,
    ),
    told('time until all were gone', name, `${((gone - begun) / 1000).toFixed(1)} s`),
  ];
}

/** When something began to hold. */
async function moment(holds: () => Promise<boolean>, deadline: number): Promise<number> {
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error(`Not in time: ${holds.toString()}`);
    await delay(GLANCE);
  }
  return performance.now();
}

async function openTable(stage: Stage): Promise<Table> {
  return stage.engine ? openPostgres(stage.engine.url) : openSqlite(stage.file);
}

/** The columns of a session; made over twenty days, the last one ten days ago. */
const COLUMNS =
  '(key, user_id, secret_hash, credential_version, created_at, authenticated_at, last_seen_at, expires_at, forget_at, ip, user_agent)';
const AGENT = "'192.0.2.1', 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0'";

function openSqlite(file: string): Table {
  const database = new SqliteConnection(file);
  const isTrue = (question: string) => database.prepare(`select exists(${question})`).pluck().get() === 1;
  return {
    async fill(count) {
      database.exec(
        `insert into coatcheck_sessions ${COLUMNS}
         with recursive numbers(i) as (select 0 union all select i + 1 from numbers where i + 1 < ${count})
         select printf('%04x%012x', i % 10007, at) || lower(hex(randomblob(3))), 'user-' || (i % 10007),
           lower(hex(randomblob(21))) || 'x', 1, at, at, at, at + ${DAY / 2}, at + ${(DAY * 3) / 2}, ${AGENT}
         from (select i, ${Date.now() - 30 * DAY} + i * ${Math.floor((20 * DAY) / count)} as at from numbers)`,
      );
      database.pragma('wal_checkpoint(truncate)');
    },
    isSwept: async () => isTrue('select 1 from coatcheck_sweep_lease'),
    isStale: async () => isTrue(`select 1 from coatcheck_sessions where forget_at <= ${Date.now()}`),
    close: async () => void database.close(),
  };
}

async function openPostgres(connectionString: string): Promise<Table> {
  const client = new PostgresClient({ connectionString });
  await client.connect();
  const isTrue = async (question: string) =>
    (await client.query<{ answer: boolean }>(`select exists(${question}) as answer`)).rows[0]?.answer ===
    true;
  return {
    async fill(count) {
      await client.query(
        `insert into coatcheck_sessions ${COLUMNS}
         select lpad(to_hex(i % 10007), 4, '0') || lpad(to_hex(at), 12, '0') || substr(md5(random()::text), 1, 6), 'user-' || (i % 10007),
           md5(random()::text) || substr(md5(i::text), 1, 11), 1, at, at, at, at + ${DAY / 2}, at + ${(DAY * 3) / 2}, ${AGENT}
         from (select i, ${Date.now() - 30 * DAY} + i::bigint * ${Math.floor((20 * DAY) / count)} as at
           from generate_series(0, ${count - 1}) as i) as numbers`,
      );
      await client.query('analyze coatcheck_sessions');
    },
    isSwept: () => isTrue('select 1 from coatcheck_sweep_lease'),
    isStale: () => isTrue(`select 1 from coatcheck_sessions where forget_at <= ${Date.now()}`),
    close: () => client.end(),
  };
}
