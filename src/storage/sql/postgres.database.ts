import {
  Kysely,
  Migrator,
  PostgresDialect,
  PostgresIntrospector,
  type TableMetadata,
  type Transaction,
  sql,
} from 'kysely';
import { BatchLoader } from '../batch-loader.js';
import { START_TIMEOUT, StoreCalls, whileRepeatable } from '../store-calls.js';
import type { TablePolicy } from '../storage-options.js';
import { withoutSecrets } from '../store-url.js';
import { explainMigration, migrationsFor, requireMigrated } from './migrations.js';
import { classifyPostgresFailure } from './postgres.failures.js';
import { PostgresPool, storable } from './postgres.pool.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';

/** Milliseconds that a step of a migration may take, and its waiting for others that migrate. */
const MIGRATION_TIMEOUT = 60_000;

/** Tables on a PostgreSQL server; what is committed is on its disk, as far as the server is told to write it there. */
export class PostgresDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly #pool: PostgresPool;
  readonly #calls: StoreCalls;

  private constructor(url: string, timeout: number) {
    this.#calls = new StoreCalls({ timeout, classify: classifyPostgresFailure });
    this.#pool = new PostgresPool(url, timeout);
    this.db = kysely(this.#pool);
  }

  /** Brings the tables up to date, alone among all processes that do, and connects; `timeout` in milliseconds. */
  static async open(
    url: string,
    timeout: number,
    tables: TablePolicy = 'migrate',
  ): Promise<PostgresDatabase> {
    const prepareTables = tables === 'migrate' ? migrate : requireTables;
    try {
      await whileRepeatable(() => prepareTables(url), isNotThereYet, START_TIMEOUT);
    } catch (error) {
      throw new Error(`Cannot open ${withoutSecrets(url)}: ${explainMigration(error)}`, { cause: error });
    }
    return new PostgresDatabase(url, timeout);
  }

  ask<T>(query: () => Promise<T>): Promise<T> {
    return this.#calls.run(query);
  }

  write<T>(statement: (db: Kysely<Schema>) => Promise<T>): Promise<T> {
    return this.ask(() => statement(this.db));
  }

  prepare<Row extends object>(lookUp: LookUp<Row>): (text: string) => Promise<Row | null> {
    const query = `${lookUp.select} where ${lookUp.column} = any($1)`;
    const gathered = new BatchLoader<string, Row | null>(async (texts) => {
      const values = [texts.map(storable)];
      const rows = await this.#pool.find<Row>({ name: lookUp.name, text: query, values });
      const byKey = new Map<unknown, Row>(rows.map((row) => [row[lookUp.key], row]));
      return texts.map((text) => byKey.get(text) ?? null);
    });
    return (text) => this.ask(() => gathered.ask(text));
  }

  alone<T>(subject: string, work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.ask(() =>
      this.db.transaction().execute(async (transaction) => {
        await lock(transaction, subject);
        return work(transaction);
      }),
    );
  }

  close(): Promise<void> {
    return this.db.destroy();
  }
}

function kysely(pool: PostgresPool): Kysely<Schema> {
  return new Kysely<Schema>({ dialect: new OwnDialect({ pool }) });
}

class OwnDialect extends PostgresDialect {
  override createIntrospector(db: Kysely<unknown>): PostgresIntrospector {
    return new OwnIntrospector(db);
  }
}

/** Knows the tables of our schema alone: Kysely's looks at all that there are, and fails where others' go meanwhile. */
class OwnIntrospector extends PostgresIntrospector {
  constructor(private readonly own: Kysely<unknown>) {
    super(own);
  }

  override async getTables(): Promise<TableMetadata[]> {
    const tables = sql<{ name: string; schema: string }>`
      select tablename as name, schemaname as schema from pg_tables where schemaname = current_schema()`;
    const { rows } = await tables.execute(this.own);
    return rows.map(({ name, schema }) => ({ name, schema, isView: false, isForeign: false, columns: [] }));
  }
}

async function migrate(url: string): Promise<void> {
  const db = kysely(new PostgresPool(url, MIGRATION_TIMEOUT));
  try {
    await db.transaction().execute(async (transaction) => {
      await lock(transaction, 'migrations');
      const { error } = await (await migratorOf(db)).migrateToLatest();
      if (error !== undefined) throw error;
    });
  } finally {
    await db.destroy();
  }
}

async function requireTables(url: string): Promise<void> {
  const db = kysely(new PostgresPool(url, MIGRATION_TIMEOUT));
  const names = async () => {
    const migrations = sql<{ name: string }>`select name from coatcheck_migration`;
    return (await migrations.execute(db)).rows.map(({ name }) => name);
  };
  try {
    await requireMigrated(await migratorOf(db), names);
  } finally {
    await db.destroy();
  }
}

async function migratorOf(db: Kysely<Schema>): Promise<Migrator> {
  const { rows } = await sql<{ schema: string }>`select current_schema() as schema`.execute(db);
  return new Migrator({
    db,
    provider: migrationsFor('postgres'),
    // Others may keep migrations of their own in this database, and other schemas another Coatcheck.
    migrationTableSchema: rows[0]?.schema,
    migrationTableName: 'coatcheck_migration',
    migrationLockTableName: 'coatcheck_migration_lock',
  });
}

/** Waits until no other transaction is at the subject, and holds it until this one is over. */
async function lock(transaction: Transaction<Schema>, subject: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${`coatcheck:${subject}`}, 0))`.execute(
    transaction,
  );
}

function isNotThereYet(error: unknown): boolean {
  return ['ECONNREFUSED', '57P03'].includes(Object(error).code as string);
}
