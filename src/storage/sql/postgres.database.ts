import { type Expression, Kysely, PostgresDialect, type Transaction, sql } from 'kysely';
import { BatchLoader } from '../batch-loader.js';
import { START_TIMEOUT, StoreCalls, whileRepeatable } from '../store-calls.js';
import { type TableOptions, USUAL_TABLES } from '../table-options.js';
import { withoutSecrets } from '../store-url.js';
import { KeyedMutex } from './keyed-mutex.js';
import { migrate, requireMigrated } from './migrate.js';
import { migrationStatements } from './migration-statements.js';
import { classifyPostgresFailure } from './postgres.failures.js';
import { BorrowedPool, type GivenPool } from './given-pool.js';
import { FACTS, type Facts, type SqlPool, checkFacts, storable } from './sql.pool.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';
import { TableNames } from './table-names.js';

/** Milliseconds that one statement of a migration may take, including the wait for the lock. */
const MIGRATION_TIMEOUT = 60_000;

/** A PostgreSQL database. Whether a committed write is on disk depends on the settings of the server. */
export class PostgresDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly locksRows = true;
  readonly #pool: SqlPool;
  readonly #calls: StoreCalls;
  readonly #mutex = new KeyedMutex();

  private constructor(
    pool: SqlPool,
    timeout: number,
    private readonly names: TableNames,
  ) {
    this.#calls = new StoreCalls({ system: 'postgresql', timeout, classify: classifyPostgresFailure });
    this.#pool = pool;
    this.db = kysely(this.#pool, names);
  }

  /** Migrates the tables, in one process at a time, and connects. `timeout` is for one call, in milliseconds. */
  static async open(
    server: string | GivenPool,
    timeout: number,
    options: Partial<TableOptions> = {},
  ): Promise<PostgresDatabase> {
    const tables = { ...USUAL_TABLES, ...options };
    try {
      const names = await whileRepeatable(() => prepareTables(server, tables), isNotThereYet, START_TIMEOUT);
      return new PostgresDatabase(await poolOf(server, timeout), timeout, names);
    } catch (error) {
      const label = typeof server === 'string' ? withoutSecrets(server) : 'the pool of PostgreSQL';
      throw new Error(`Cannot open ${label}: ${(error as Error).message}`, { cause: error });
    }
  }

  run<T>(query: () => Promise<T>): Promise<T> {
    return this.#calls.run('read', query);
  }

  write<T>(statement: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    return this.#calls.run('write', () => statement(this.db));
  }

  prepare<Row extends object>(lookUp: LookUp<Row>): (text: string) => Promise<Row | null> {
    const query = everyRow(`${lookUp.select(this.names.quoted)} where ${lookUp.column} = wanted.text`);
    const batch = new BatchLoader<string, Row | null>((texts) =>
      this.#calls.run(
        'look_up',
        async () => {
          const values = [texts.map(storable)];
          const rows = await this.#pool.find<Row>({ name: lookUp.name, text: query, values });
          const byKey = new Map<unknown, Row>(rows.map((row) => [row[lookUp.key], row]));
          return texts.map((text) => byKey.get(text) ?? null);
        },
        texts.length,
      ),
    );
    return (text) => batch.load(text);
  }

  exclusive<T>(subject: string, work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#calls.run('transaction', () =>
      this.db.transaction().execute(async (transaction) => {
        await lock(transaction, subject);
        return work(transaction);
      }),
    );
  }

  /** Transactions that wait for the same row would take all connections of the pool. */
  transaction<T>(subject: string, work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.#mutex.run(subject, () =>
      this.#calls.run('transaction', () => this.db.transaction().execute(work)),
    );
  }

  close(): Promise<void> {
    return this.db.destroy();
  }
}

/**
 * A query for the row of each text in `$1`. For `= any($1)`, PostgreSQL would plan each query again, and read whole tables while
 * they are small: that takes twice the time.
 */
function everyRow(queryOfOne: string): string {
  return `select found.* from unnest(array(select unnest($1::text[]))) as wanted(text)
    cross join lateral (${queryOfOne} limit 1) as found`;
}

/** The driver is loaded for a URL only: a pool that is handed in has brought its own. */
async function poolOf(server: string | GivenPool, timeout: number): Promise<SqlPool> {
  if (typeof server !== 'string') return new BorrowedPool(server, timeout);
  const { PostgresPool } = await import('./postgres.pool.js');
  return new PostgresPool(server, timeout);
}

function kysely<Tables>(pool: SqlPool, names?: TableNames): Kysely<Tables> {
  return new Kysely<Tables>({ dialect: new PostgresDialect({ pool }), plugins: names && [names] });
}

/** The statements of a migration as one transaction; empty if the tables are up to date. Changes nothing. */
export async function postgresScript(server: string, tables: TableOptions): Promise<string[]> {
  return withTables(server, tables, async (db, names) => {
    const reading = db.transaction().setAccessMode('read only');
    const statements = await reading.execute((transaction) =>
      migrationStatements(transaction, 'postgres', names),
    );
    const locking = lockOf(sql.lit('coatcheck:migrations')).compile(db).sql;
    return statements.length === 0 ? [] : ['begin', locking, ...statements, 'commit'];
  });
}

/** Migrates or requires the tables, and returns their names. */
async function prepareTables(server: string | GivenPool, options: TableOptions): Promise<TableNames> {
  return withTables(server, options, async (db, names) => {
    if (options.tables === 'require') await requireMigrated(db, 'postgres', names);
    else
      await db.transaction().execute(async (transaction) => {
        await lock(transaction, 'migrations');
        await migrate(transaction, 'postgres', names);
      });
    return names;
  });
}

async function withTables<T>(
  server: string | GivenPool,
  { tablePrefix, schema }: TableOptions,
  work: (db: Kysely<unknown>, names: TableNames) => Promise<T>,
): Promise<T> {
  const db = kysely<unknown>(await poolOf(server, MIGRATION_TIMEOUT));
  try {
    const { rows } = await sql.raw<Facts>(FACTS).execute(db);
    checkFacts(rows[0]!);
    return await work(db, new TableNames(tablePrefix, schema ?? (await currentSchema(db))));
  } finally {
    await db.destroy();
  }
}

async function currentSchema(db: Kysely<unknown>): Promise<string | null> {
  const { rows } = await sql<{ schema: string | null }>`select current_schema() as schema`.execute(db);
  return rows[0]?.schema ?? null;
}

/** Takes the advisory lock of a subject until the transaction ends. Waits while another transaction has it. */
async function lock<Tables>(transaction: Transaction<Tables>, subject: string): Promise<void> {
  await lockOf(sql.val(`coatcheck:${subject}`)).execute(transaction);
}

function lockOf(key: Expression<string>) {
  return sql`select pg_advisory_xact_lock(hashtextextended(${key}, 0))`;
}

function isNotThereYet(error: unknown): boolean {
  return ['ECONNREFUSED', '57P03'].includes(Object(error).code as string);
}
