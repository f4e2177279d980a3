import { setTimeout as delay } from 'node:timers/promises';
import SqliteConnection from 'better-sqlite3';
import { Kysely, Migrator, SqliteDialect } from 'kysely';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { migrationProvider } from './migrations.js';
import type { Schema } from './schema.js';

/** How often, and how many milliseconds apart, a start asks for the file that others migrate just then. */
const LOCK_ATTEMPTS = 600;
const LOCK_INTERVAL = 50;

/** A file of tables, shared with other processes by SQLite's write-ahead log; what is committed is on disk. */
export class SqliteDatabase {
  readonly db: Kysely<Schema>;
  readonly #connection: SqliteConnection.Database;

  private constructor(connection: SqliteConnection.Database) {
    this.#connection = connection;
    this.db = new Kysely<Schema>({ dialect: new SqliteDialect({ database: connection }) });
  }

  /** Opens the file, makes it if it is not there, and brings its tables up to date; `timeout` in milliseconds. */
  static async open(file: string, timeout: number): Promise<SqliteDatabase> {
    const connection = connect(file);
    const database = new SqliteDatabase(connection);
    try {
      await database.#migrate();
    } catch (error) {
      connection.close();
      throw error;
    }
    connection.pragma(`busy_timeout = ${timeout}`);
    return database;
  }

  async close(): Promise<void> {
    await this.db.destroy();
  }

  /** One start at a time: the lock on the file is taken before it is looked at. */
  async #migrate(): Promise<void> {
    await this.#lock();
    const { error } = await new Migrator({ db: this.db, provider: migrationProvider }).migrateToLatest();
    this.#connection.exec(error === undefined ? 'commit' : 'rollback');
    if (error !== undefined) throw error instanceof Error ? error : new Error('The migration failed.');
  }

  /** Waits between attempts, as SQLite's own waiting would stop this process, which may hold the lock elsewhere. */
  async #lock(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        this.#connection.pragma('journal_mode = WAL');
        this.#connection.pragma('synchronous = FULL');
        this.#connection.exec('begin immediate');
        return;
      } catch (error) {
        if (attempt === LOCK_ATTEMPTS) throw error;
        await delay(LOCK_INTERVAL);
      }
    }
  }
}

function connect(file: string): SqliteConnection.Database {
  try {
    return new SqliteConnection(file, { timeout: 0 });
  } catch (error) {
    throw new Error(`Cannot open ${file}: ${error instanceof Error ? error.message : 'unknown error'}`, {
      cause: error,
    });
  }
}

/** The result of a query; whatever the driver throws instead means that the store cannot answer. */
export async function answer<T>(query: Promise<T>): Promise<T> {
  try {
    return await query;
  } catch (error) {
    throw error instanceof StoreUnavailableError ? error : new StoreUnavailableError(error);
  }
}
