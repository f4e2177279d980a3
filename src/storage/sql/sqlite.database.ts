import { setTimeout as delay } from 'node:timers/promises';
import SqliteConnection from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { migrationProvider } from './migrations.js';
import type { Schema } from './schema.js';
import type { SqlDatabase } from './sql.database.js';

/** Milliseconds between two attempts at a file that another process holds. */
const RETRY_INTERVAL = 10;

/** Milliseconds that a start waits for others that migrate the same file. */
const MIGRATION_TIMEOUT = 30_000;

/** A file of tables, shared with other processes by SQLite's write-ahead log; what is committed is on disk. */
export class SqliteDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly #connection: SqliteConnection.Database;
  readonly #timeout: number;

  private constructor(connection: SqliteConnection.Database, timeout: number) {
    this.#connection = connection;
    this.#timeout = timeout;
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
      throw new Error(`Cannot open ${file}: ${messageOf(error)}`, { cause: error });
    }
  }

  async ask<T>(query: () => Promise<T>): Promise<T> {
    try {
      return await whileBusy(query, this.#timeout);
    } catch (error) {
      throw new StoreUnavailableError(error);
    }
  }

  close(): Promise<void> {
    return this.db.destroy();
  }

  /** One start at a time: the lock on the file is taken before it is looked at. */
  async #migrate(): Promise<void> {
    await whileBusy(async () => {
      this.#connection.pragma('journal_mode = WAL');
      this.#connection.pragma('synchronous = FULL');
      this.#connection.exec('begin immediate');
    }, MIGRATION_TIMEOUT);
    const { error } = await new Migrator({ db: this.db, provider: migrationProvider }).migrateToLatest();
    this.#connection.exec(error === undefined ? 'commit' : 'rollback');
    if (error !== undefined) throw error instanceof Error ? error : new Error('The migration failed.');
  }
}

/**
 * Repeats what fails because another holds the file, until `timeout` milliseconds are over. SQLite's own waiting would
 * stop the whole process, and with it perhaps the one that holds the lock.
 */
async function whileBusy<T>(attempt: () => Promise<T>, timeout: number): Promise<T> {
  for (let waited = 0; ; waited += RETRY_INTERVAL) {
    try {
      return await attempt();
    } catch (error) {
      if (!isBusy(error) || waited >= timeout) throw error;
      await delay(RETRY_INTERVAL);
    }
  }
}

/** By the code alone: the class of the error is another one in each module realm. */
function isBusy(error: unknown): boolean {
  return /^SQLITE_(BUSY|LOCKED)/.test(String(Object(error).code));
}

function messageOf(error: unknown): string {
  const message = String(Object(error).message);
  return message.startsWith('corrupted migrations') ? 'a newer version has migrated it' : message;
}
