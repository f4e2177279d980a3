import SqliteConnection from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect, type Transaction } from 'kysely';
import { StoreCalls, whileBusy } from '../store-calls.js';
import { explainMigration, migrationsFor } from './migrations.js';
import type { Schema } from './schema.js';
import type { LookUp, SqlDatabase } from './sql.database.js';

/** Milliseconds that a start waits for others that migrate the same file. */
const MIGRATION_TIMEOUT = 30_000;

/**
 * A file of tables, shared with other processes by SQLite's write-ahead log; what is committed is on disk. SQLite's own
 * waiting for another process would stop this one, and with it perhaps the one that holds the lock: it is told not to.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly #connection: SqliteConnection.Database;
  readonly #calls: StoreCalls;

  private constructor(connection: SqliteConnection.Database, timeout: number) {
    this.#connection = connection;
    this.#calls = new StoreCalls({ timeout, isBusy });
    this.db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: connection }) });
  }

  /** Opens the file, makes it if it is not there, and brings its tables up to date; `timeout` in milliseconds. */
  static async open(file: string, timeout: number): Promise<SqliteDatabase> {
    try {
      const connection = new SqliteConnection(file, { timeout: 0 });
      const database = new SqliteDatabase(connection, timeout);
      await database.#migrate().catch((error: unknown) => {
        connection.close();
        throw error;
      });
      return database;
    } catch (error) {
      throw new Error(`Cannot open ${file}: ${explainMigration(error)}`, { cause: error });
    }
  }

  ask<T>(query: () => Promise<T>): Promise<T> {
    return this.#calls.run(query);
  }

  /** Looked up on the spot; only what fails, because another process writes perhaps, is asked again in the usual way. */
  prepare<Row extends { readonly id: string }>({
    select,
    column,
  }: LookUp): (id: string) => Promise<Row | null> {
    let statement: SqliteConnection.Statement<[string], Row> | undefined;
    const find = (id: string) => {
      statement ??= this.#connection.prepare<[string], Row>(`${select} where ${column} = ?`);
      return statement.get(id) ?? null;
    };
    return async (id) => {
      try {
        return find(id);
      } catch {
        return this.ask(async () => find(id));
      }
    };
  }

  /** There is one writer at a time, whatever the subject; who has read what another wrote since is busy. */
  alone<T>(_subject: string, work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T> {
    return this.ask(() => this.db.transaction().execute(work));
  }

  close(): Promise<void> {
    return this.db.destroy();
  }

  /** One start at a time: the lock on the file is taken before it is looked at. */
  async #migrate(): Promise<void> {
    await whileBusy(
      async () => {
        this.#connection.pragma('journal_mode = WAL');
        this.#connection.pragma('synchronous = FULL');
        this.#connection.exec('begin immediate');
      },
      isBusy,
      MIGRATION_TIMEOUT,
    );
    const { error } = await new Migrator({
      db: this.db,
      provider: migrationsFor('sqlite'),
    }).migrateToLatest();
    this.#connection.exec(error === undefined ? 'commit' : 'rollback');
    if (error !== undefined) throw error;
  }
}

/** By the code alone: the class of the error is another one in each module realm. */
function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String(Object(error).code));
}
