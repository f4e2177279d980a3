import { Logger } from '@nestjs/common';
import { type Kysely, sql } from 'kysely';
import { SystemClock } from '../../common/clock.js';
import { MIGRATIONS, type Engine, statementsOfRenaming } from './migrations.js';
import { type TableNames, quoted } from './table-names.js';

/** The end of the error of a command that creates no tables. */
export const WHO_MIGRATES = 'Start the server or run the command migrate.';

const MIGRATED_BY_NEWER = 'a newer version has migrated it';

/** The migrations that have run. */
export interface State {
  readonly executed: readonly string[];
  /** `earlier` are tables without a prefix, of version 0.1. */
  readonly tables: 'none' | 'earlier' | 'ours';
}

/** Where version 0.1 kept the names of its migrations. */
const EARLIER_MIGRATIONS = { sqlite: 'kysely_migration', postgres: 'coatcheck_migration' } as const;

/**
 * Brings the tables up to date. The caller holds the lock of migrations and has begun a transaction; `db` has no plugin.
 * Tables of others are neither read nor changed. `target` executes what changes something.
 */
export async function migrate(
  db: Kysely<unknown>,
  engine: Engine,
  names: TableNames,
  target = db,
): Promise<void> {
  const { executed, tables } = await stateOf(db, engine, names);
  const all = MIGRATIONS[engine];
  if (executed.some((name) => !Object.hasOwn(all, name))) throw new Error(MIGRATED_BY_NEWER);
  const run = (statement: string) => sql.raw(statement).execute(target);
  const migrations = names.quoted('migrations');
  if (tables === 'none') await warnOfOthers(db, engine, names);
  if (tables !== 'ours') {
    if (names.schema !== null && !(await hasSchema(db, names.schema)))
      await run(`create schema ${quoted(names.schema)}`);
    await run(
      `create table ${migrations} (name varchar(255) not null primary key, timestamp varchar(255) not null)`,
    );
  }
  if (tables === 'earlier') {
    const earlier = names.within(EARLIER_MIGRATIONS[engine]);
    await run(`insert into ${migrations} select name, timestamp from ${earlier}`);
    for (const statement of await statementsOfRenaming(db, engine, names, executed)) await run(statement);
    // Version 0.1 refuses to start where it finds a migration that it does not know.
    await run(`insert into ${earlier} (name, timestamp) values ('999-tables-renamed', '${timestamp()}')`);
  }
  for (const [name, migration] of Object.entries(all)) {
    if (executed.includes(name)) continue;
    await migration.up(target.withPlugin(names));
    await run(`insert into ${migrations} (name, timestamp) values ('${name}', '${timestamp()}')`);
  }
}

/** Throws unless exactly the known migrations have run. Changes nothing. */
export async function requireMigrated(db: Kysely<unknown>, engine: Engine, names: TableNames): Promise<void> {
  const { executed, tables } = await stateOf(db, engine, names);
  const known = Object.keys(MIGRATIONS[engine]);
  if (tables === 'none') {
    const places = await placesOfOthers(db, engine);
    const others = places && ` with these names. It has some with ${places}`;
    throw new Error(`it has no tables of Coatcheck${others}. ${WHO_MIGRATES}`);
  }
  if (executed.some((name) => !known.includes(name))) throw new Error(MIGRATED_BY_NEWER);
  if (tables === 'earlier' || executed.length < known.length)
    throw new Error(`its tables are of an earlier version. ${WHO_MIGRATES}`);
}

export async function stateOf(db: Kysely<unknown>, engine: Engine, names: TableNames): Promise<State> {
  const executed = async (table: string) => {
    const { rows } = await sql<{ name: string }>`select name from ${sql.raw(table)}`.execute(db);
    return rows.map(({ name }) => name);
  };
  const has = async (table: string, ...columns: string[]) => {
    const found = await columnsOf(db, engine, names.schema, table);
    return columns.every((column) => found.includes(column));
  };
  if (await has(`${names.prefix}migrations`, 'name'))
    return { tables: 'ours', executed: await executed(names.quoted('migrations')) };
  const earlier = EARLIER_MIGRATIONS[engine];
  // By columns as well: another application may have migrations of the same names.
  if ((await has(earlier, 'name', 'timestamp')) && (await has('users', 'email_key', 'credential_version'))) {
    const ran = await executed(names.within(earlier));
    if (ran.includes('001-users-and-sessions')) return { tables: 'earlier', executed: ran };
  }
  return { tables: 'none', executed: [] };
}

async function columnsOf(
  db: Kysely<unknown>,
  engine: Engine,
  schema: string | null,
  table: string,
): Promise<string[]> {
  const columns =
    engine === 'sqlite'
      ? sql<{ name: string }>`select name from pragma_table_info(${table})`
      : sql<{ name: string }>`select attname as name from pg_attribute
          join pg_class on pg_class.oid = attrelid join pg_namespace on pg_namespace.oid = relnamespace
          where nspname = ${schema} and relname = ${table} and attnum > 0 and not attisdropped`;
  return (await columns.execute(db)).rows.map(({ name }) => name);
}

/** Asked first: `create schema if not exists` needs a right on the database also where the schema exists. */
async function hasSchema(db: Kysely<unknown>, name: string): Promise<boolean> {
  const schemas = sql`select nspname from pg_namespace where nspname = ${name}`;
  return (await schemas.execute(db)).rows.length > 0;
}

async function warnOfOthers(
  db: Kysely<unknown>,
  engine: Engine,
  { prefix, schema }: TableNames,
): Promise<void> {
  const places = await placesOfOthers(db, engine);
  if (places === '') return;
  const place = `the prefix ${prefix}${schema === null ? '' : ` in the schema ${schema}`}`;
  new Logger('Tables').warn(
    `There are no tables with ${place}, so the migrations create new, empty ones. This database has tables of Coatcheck with ${places}. To use those, set this, or tablePrefix and schema in code.`,
  );
}

/** The variables with which the tables of Coatcheck elsewhere in this database are used, of three places at most. */
async function placesOfOthers(db: Kysely<unknown>, engine: Engine): Promise<string> {
  const found =
    engine === 'sqlite'
      ? sql<Place>`select substr(name, 1, length(name) - 5) as prefix, null as schema from sqlite_master as users
          where type = 'table' and name like '%users' and exists (
            select 1 from pragma_table_info(users.name) as columns where columns.name = 'credential_version'
          ) and exists (
            select 1 from sqlite_master as beside
            where beside.name = substr(users.name, 1, length(users.name) - 5) || 'migrations'
          ) order by 1 limit 3`
      : sql<Place>`select left(relname, -5) as prefix, nspname as schema from pg_class as users
          join pg_namespace on pg_namespace.oid = relnamespace
          where relkind = 'r' and relname like '%users' and exists (
            select 1 from pg_attribute where attrelid = users.oid and attname = 'credential_version'
          ) and exists (
            select 1 from pg_class as beside where beside.relnamespace = users.relnamespace
            and beside.relname in (left(users.relname, -5) || 'migrations', ${EARLIER_MIGRATIONS.postgres})
          ) order by nspname <> current_schema(), 2, 1 limit 3`;
  return (await found.execute(db)).rows.map(variablesOf).join(' or ');
}

interface Place {
  /** Empty for tables of version 0.1, which are renamed when their schema is used. */
  readonly prefix: string;
  readonly schema: string | null;
}

function variablesOf({ prefix, schema }: Place): string {
  const variables = { TABLE_PREFIX: prefix, DATABASE_SCHEMA: schema };
  return Object.entries(variables)
    .filter(([, value]) => value)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ');
}

function timestamp(): string {
  return new SystemClock().now().toISOString();
}
