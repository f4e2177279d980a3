import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { createClient } from '@redis/client';
import SqliteConnection from 'better-sqlite3';
import { Client } from 'pg';
import { PostgresServer, RedisServer, has } from '../../test/support/engines.js';
import { crashes } from './crashes.js';
import { hashQueue } from './hash-queue.js';
import { lists } from './lists.js';
import { outbox } from './outbox.js';
import { pipelining } from './pipelining.js';
import { postgresFailover } from './postgres-failover.js';
import { races } from './races.js';
import { redisFailovers } from './redis-failovers.js';
import { refusedBodies } from './refused-bodies.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { sockets } from './sockets.js';
import { stopping } from './stopping.js';
import { abandon } from './support.js';
import { sweeping } from './sweeping.js';
import { trouble } from './trouble.js';

/** `npm run faults -- [--short] [--kills N] [name …]`: a name is a list's, or some of a title. */
const LISTS: Readonly<Record<string, readonly Scenario[]>> = {
  crashes,
  races,
  trouble,
  stopping,
  sweeping,
  hashQueue,
  pipelining,
  lists,
  outbox,
  redisFailovers,
  refusedBodies,
  postgresFailover,
  sockets,
};

async function main(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: { short: { type: 'boolean' }, kills: { type: 'string' } },
    allowPositionals: true,
  });
  const scale: Scale = values.short ? 'short' : 'full';
  const kills = values.kills === undefined ? undefined : Number(values.kills);
  if (kills !== undefined && !(Number.isSafeInteger(kills) && kills > 0))
    throw new Error('--kills must be a whole number from 1.');
  const names = positionals.map((name) => name.toLowerCase());
  const scenarios = Object.entries(LISTS).flatMap(([list, scenarios]) =>
    scenarios.filter(({ title }) => isAsked(names, list, title)),
  );
  const measurements: Measurement[] = [];
  for (const scenario of scenarios) measurements.push(...(await play(scenario, scale, kills)));
  console.log(`${table(measurements)}\n\n${await machine()}`);
  if (scenarios.length === 0 || measurements.some(({ isMet }) => !isMet)) process.exitCode = 1;
}

function isAsked(names: readonly string[], list: string, title: string): boolean {
  return (
    names.length === 0 ||
    names.some((name) => name === list.toLowerCase() || title.toLowerCase().includes(name))
  );
}

/** Plays a scenario; one that throws is a missed target, and the others go on. */
async function play({ title, play }: Scenario, scale: Scale, kills?: number): Promise<Measurement[]> {
  console.error(`${title} …`);
  const begin = performance.now();
  const measurements = await play(scale, kills).catch((error: unknown) => {
    console.error(error);
    return [{ what: title, store: '', measured: 'it failed', target: 'it plays', isMet: false }];
  });
  const verdict = measurements.every(({ isMet }) => isMet) ? 'met' : 'MISSED';
  console.error(`  ${verdict} in ${Math.round((performance.now() - begin) / 1000)} s`);
  return measurements;
}

function table(measurements: readonly Measurement[]): string {
  const rows = [
    ['what', 'store', 'measured', 'target', 'met'],
    ...measurements.map(({ what, store, measured, target, isMet }) => [
      what,
      store,
      measured,
      target,
      metOf(target, isMet),
    ]),
  ];
  const [head = []] = rows;
  const widths = head.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map(
    (row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(' | ')} |`,
  );
  lines.splice(1, 0, `| ${widths.map((width) => '-'.repeat(width)).join(' | ')} |`);
  return lines.join('\n');
}

function metOf(target: string, isMet: boolean): string {
  if (target === '–') return '–';
  return isMet ? 'yes' : 'NO';
}

/** What the figures were measured on. */
async function machine(): Promise<string> {
  const engines = [sqliteVersion(), await postgresVersion(), await redisVersion()];
  return `Node ${process.versions.node}, ${availableParallelism()} cores, ${engines.join(', ')}.`;
}

function sqliteVersion(): string {
  const database = new SqliteConnection(':memory:');
  return `SQLite ${String(database.prepare('select sqlite_version()').pluck().get())}`;
}

async function postgresVersion(): Promise<string> {
  if (!has('postgres')) return 'no PostgreSQL';
  const engine = await PostgresServer.start();
  const client = new Client({ connectionString: engine.url });
  try {
    await client.connect();
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return `PostgreSQL ${rows[0]?.server_version.split(' ', 1)[0]}`;
  } finally {
    await client.end();
    await engine.close();
  }
}

async function redisVersion(): Promise<string> {
  if (!has('redis-server')) return 'no Redis';
  const engine = await RedisServer.start();
  const client = createClient({ url: engine.url });
  try {
    await client.connect();
    const [, version] = /redis_version:(\S+)/.exec(await client.info('server')) ?? [];
    return `Redis ${version}`;
  } finally {
    client.destroy();
    await engine.close();
  }
}

process.once('exit', abandon);
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => process.exit(1));
await main(process.argv.slice(2));
