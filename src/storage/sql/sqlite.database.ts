import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import SqliteConnection from 'better-sqlite3';
import {
  type DatabaseConnection,
  Kysely,
  Migrator,
  SqliteDialect,
  SqliteDriver,
  type Transaction,
  sql,
} from 'kysely';
import { BatchLoader } from '../batch-loader.js';
import type { TablePolicy } from '../storage-options.js';
import { StoreCalls, whileRepeatable } from '../store-calls.js';
import { WHO_MIGRATES, explainMigration, migrationsFor, requireMigrated } from './migrations.js';
import type { Schema } from './schema.js';
import type { LookUp, Purpose, SqlDatabase } from './sql.database.js';
import { SqliteCheckpoints } from './sqlite-checkpoints.js';
import { makePrivate } from './sqlite-file.js';
import { SqliteReserve } from './sqlite-reserve.js';
import { classifySqliteFailure, isSqliteBusy, isSqliteFull } from './sqlite.failures.js';

type Work<T> = (transaction: Transaction<Schema>) => Promise<T>;

/** Pages of a write-ahead log, 40 MB, from which on a writer does itself what checkpoints are late with. */
const LONG_LOG = 10_000;

/** Milliseconds that a start waits for others that migrate the same file. */
const MIGRATION_TIMEOUT = 30_000;

/**
 * A file of tables, shared with other processes by SQLite's write-ahead log; what is committed is on disk. SQLite's own
 * waiting for another process would stop this one, and with it perhaps the one that holds the lock: it is told not to.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly #connection: SqliteConnection.Database;
  /** Apart from the one that writes, in whose open transactions a look-up would see what may be rolled back. */
  readonly #reader: SqliteConnection.Database;
  readonly #calls: StoreCalls;
  readonly #writes = new BatchLoader<Work<unknown>, unknown>((works) => this.#commit(works));
  readonly #checkpoints: SqliteCheckpoints;
  readonly #reserve: SqliteReserve;

  private constructor(connection: SqliteConnection.Database, timeout: number) {
    this.#connection = connection;
    this.#reader = new SqliteConnection(connection.name, { timeout: 0, readonly: true });
    this.#checkpoints = new SqliteCheckpoints(connection.name);
    this.#reserve = new SqliteReserve(connection.name);
    this.#calls = new StoreCalls({ timeout, classify: classifySqliteFailure });
    this.db = new Kysely<Schema>({ dialect: new OwnDialect({ database: connection }) });
  }

  /**
   * Opens the file, makes it if it is not there, and brings its tables up to date; `timeout` in milliseconds. With
   * `require`, an error where the file or its tables would have to be made.
   */
  static async open(file: string, timeout: number, tables: TablePolicy = 'migrate'): Promise<SqliteDatabase> {
    const path = resolve(file);
    try {
      if (tables === 'require' && !existsSync(path))
        throw new Error(`there is no such file. ${WHO_MIGRATES}`);
      makePrivate(path);
      const connection = new SqliteConnection(path, { timeout: 0, fileMustExist: tables === 'require' });
      const database = new SqliteDatabase(connection, timeout);
      await database.#prepareTables(tables).catch((error: unknown) => {
        database.#reader.close();
        connection.close();
        throw error;
      });
      return database;
    } catch (error) {
      throw new Error(`Cannot open ${path}: ${explainMigration(error)}`, { cause: error });
    }
  }

  ask<T>(query: () => Promise<T>): Promise<T> {
    return this.#calls.run(query);
  }

  /** Looked up on the spot; only what fails, because another process writes perhaps, is asked again in the usual way. */
  prepare<Row extends object>({ select, column }: LookUp<Row>): (text: string) => Promise<Row | null> {
    let statement: SqliteConnection.Statement<[string], Row> | undefined;
    const find = (text: string) => {
      statement ??= this.#reader.prepare<[string], Row>(`${select} where ${column} = ?`);
      return statement.get(text) ?? null;
    };
    return async (text) => {
      try {
        return find(text);
      } catch {
        return this.ask(async () => find(text));
      }
    };
  }

  write<T>(work: Work<T>, purpose: Purpose = 'other'): Promise<T> {
    return this.ask(() => (purpose === 'ending' ? this.#end(work) : this.#writeWithRoom(work)));
  }

  /** There is one writer at a time, whatever the subject; who has read what another wrote since is busy. */
  alone<T>(_subject: string, work: Work<T>, purpose?: Purpose): Promise<T> {
    return this.write(work, purpose);
  }

  async close(): Promise<void> {
    await this.#checkpoints.close();
    this.#reader.close();
    await this.db.destroy();
  }

  /** On a full disk an ending has the space that is kept for it. */
  async #end<T>(work: Work<T>): Promise<T> {
    try {
      return await (this.#writes.ask(work) as Promise<T>);
    } catch (error) {
      if (!isSqliteFull(error)) throw error;
      this.#reserve.release();
      return this.#writes.ask(work) as Promise<T>;
    }
  }

  /** What is no ending does not take the space of one. */
  async #writeWithRoom<T>(work: Work<T>): Promise<T> {
    if (!this.#reserve.isKept()) throw new Error('The disk is full. Only ends of sessions are written.');
    return this.#writes.ask(work) as Promise<T>;
  }

  /** What is written in one turn of the event loop is on disk with one commit; where one of it fails, with one each. */
  async #commit(works: readonly Work<unknown>[]): Promise<unknown[]> {
    try {
      return await this.db.transaction().execute(async (transaction) => {
        const answers: unknown[] = [];
        for (const work of works) answers.push(await work(transaction));
        return answers;
      });
    } catch (error) {
      if (works.length === 1 || isSqliteBusy(error)) throw error;
      return works.map((work) => this.db.transaction().execute(work));
    } finally {
      this.#checkpoints.noteWrite();
    }
  }

  async #prepareTables(tables: TablePolicy): Promise<void> {
    const migrator = new Migrator({ db: this.db, provider: migrationsFor('sqlite') });
    if (tables === 'require') await this.#require(migrator);
    await whileRepeatable(async () => this.#setUp(), isSqliteBusy, MIGRATION_TIMEOUT);
    if (tables === 'migrate') await this.#migrate(migrator);
  }

  #setUp(): void {
    this.#connection.pragma('journal_mode = WAL');
    this.#connection.pragma('synchronous = FULL');
    this.#connection.pragma(`wal_autocheckpoint = ${LONG_LOG}`);
  }

  #require(migrator: Migrator): Promise<void> {
    const names = async () => {
      const migrations = sql<{ name: string }>`select name from kysely_migration`;
      return (await migrations.execute(this.db)).rows.map(({ name }) => name);
    };
    return whileRepeatable(() => requireMigrated(migrator, names), isSqliteBusy, MIGRATION_TIMEOUT);
  }

  /** One start at a time: the lock on the file is taken before it is looked at. */
  async #migrate(migrator: Migrator): Promise<void> {
    await whileRepeatable(
      async () => this.#connection.exec('begin immediate'),
      isSqliteBusy,
      MIGRATION_TIMEOUT,
    );
    const { error } = await migrator.migrateToLatest();
    if (error === undefined) this.#connection.exec('commit');
    else if (this.#connection.inTransaction) this.#connection.exec('rollback');
    if (error !== undefined) throw error;
  }
}

class OwnDialect extends SqliteDialect {
  readonly #connection: SqliteConnection.Database;

  constructor({ database }: { readonly database: SqliteConnection.Database }) {
    super({ database });
    this.#connection = database;
  }

  override createDriver(): SqliteDriver {
    return new OwnDriver(this.#connection);
  }
}

/** SQLite rolls back by itself where it cannot write; another roll-back would fail, and hide why. */
class OwnDriver extends SqliteDriver {
  readonly #connection: SqliteConnection.Database;

  constructor(database: SqliteConnection.Database) {
    super({ database });
    this.#connection = database;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#connection.inTransaction) await super.rollbackTransaction(connection);
  }
}
