import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import type SqliteConnection from 'better-sqlite3';
import { type DatabaseConnection, Kysely, SqliteDialect, SqliteDriver, type Transaction } from 'kysely';
import { observed } from '../../common/observed.js';
import { BatchLoader } from '../batch-loader.js';
import { StoreCalls, whileRepeatable } from '../store-calls.js';
import { type TableOptions, type TablePolicy, USUAL_TABLES } from '../table-options.js';
import { WHO_MIGRATES, migrate, requireMigrated } from './migrate.js';
import { migrationStatements } from './migration-statements.js';
import type { GivenSqlite } from './given-sqlite.js';
import type { Schema } from './schema.js';
import type { LookUp, Purpose, SqlDatabase } from './sql.database.js';
import { SqliteCheckpoints } from './sqlite-checkpoints.js';
import { makePrivate } from './sqlite-file.js';
import { SqliteReserve } from './sqlite-reserve.js';
import { SqliteStatements } from './sqlite-statements.js';
import { classifySqliteFailure, isSqliteBusy, isSqliteFull } from './sqlite.failures.js';
import { TableNames } from './table-names.js';

type Work<T> = (transaction: Transaction<Schema>) => Promise<T>;

/** Pages of the write-ahead log (40 MB) above which a writer runs the checkpoint itself. */
const LONG_LOG = 10_000;

/** Milliseconds that a start waits for another process that migrates the same file. */
const MIGRATION_TIMEOUT = 30_000;

/**
 * A SQLite file in WAL mode, shared with other processes. A committed write is on disk. The busy timeout of SQLite is 0,
 * because it would block the event loop; `StoreCalls` repeats busy calls instead.
 */
export class SqliteDatabase implements SqlDatabase {
  readonly db: Kysely<Schema>;
  readonly locksRows = false;
  /** Without the prefix. */
  readonly #plain: Kysely<unknown>;
  readonly #connection: SqliteConnection.Database;
  readonly #statements: SqliteStatements;
  /** For look-ups while a transaction is open, which must not see it before it commits. */
  readonly #reader: SqliteConnection.Database;
  readonly #readerStatements: SqliteStatements;
  readonly #calls: StoreCalls;
  readonly #writes = new BatchLoader<Work<unknown>, unknown>((works) => this.#commit(works));
  readonly #checkpoints: SqliteCheckpoints | null;
  readonly #reserve: SqliteReserve | null;

  private constructor(
    connection: SqliteConnection.Database,
    reader: SqliteConnection.Database,
    timeout: number,
    private readonly names: TableNames,
    /** Whether the file is ours, and with it its settings. */
    private readonly isOwn: boolean,
  ) {
    this.#connection = connection;
    this.#statements = new SqliteStatements(connection);
    this.#reader = reader;
    this.#readerStatements = new SqliteStatements(reader);
    this.#checkpoints = isOwn ? new SqliteCheckpoints(connection.name) : null;
    this.#reserve = isOwn ? new SqliteReserve(connection.name) : null;
    this.#calls = new StoreCalls({ system: 'sqlite', timeout, classify: classifySqliteFailure });
    this.#plain = new Kysely<unknown>({ dialect: new SafeRollbackDialect(connection, this.#statements) });
    this.db = this.#plain.withPlugin(names);
  }

  /**
   * Opens the file, creates it if it is missing, and migrates its tables. `timeout` is for one call, in milliseconds.
   * With `require`, throws if the file or its tables are missing or of an earlier version.
   */
  static async open(
    file: string | GivenSqlite,
    timeout: number,
    options: Partial<Omit<TableOptions, 'schema'>> = {},
  ): Promise<SqliteDatabase> {
    const { tables, tablePrefix } = { ...USUAL_TABLES, ...options };
    const isOwn = typeof file === 'string';
    const path = resolve(isOwn ? file : file.name);
    try {
      if (tables === 'require' && !existsSync(path))
        throw new Error(`there is no such file. ${WHO_MIGRATES}`);
      if (isOwn) makePrivate(path);
      const Connection = await classOf(file);
      const fileMustExist = !isOwn || tables === 'require';
      const connection = new Connection(path, { timeout: 0, fileMustExist });
      const reader = new Connection(path, { timeout: 0, readonly: true });
      const database = new SqliteDatabase(connection, reader, timeout, new TableNames(tablePrefix), isOwn);
      await database.#prepareTables(tables).catch((error: unknown) => {
        reader.close();
        connection.close();
        throw error;
      });
      return database;
    } catch (error) {
      throw new Error(`Cannot open ${path}: ${(error as Error).message}`, { cause: error });
    }
  }

  run<T>(query: () => Promise<T>): Promise<T> {
    return this.#calls.run('read', query);
  }

  /** Looks up synchronously; only a look-up that fails is repeated through `run`. */
  prepare<Row extends object>({ select, column }: LookUp<Row>): (text: string) => Promise<Row | null> {
    const query = `${select(this.names.quoted)} where ${column} = ?`;
    let names: readonly string[] | null = null;
    const find = (text: string) => {
      // Each commit empties the cache of the other connections.
      const statements = this.#connection.inTransaction ? this.#readerStatements : this.#statements;
      const statement = statements.prepare(query).raw();
      names ??= statement.columns().map(({ name }) => name);
      const values = statement.get(text) as unknown[] | undefined;
      return values ? rowOf<Row>(names, values) : null;
    };
    const lookUp = async (text: string) => {
      try {
        return find(text);
      } catch {
        return this.#calls.runUnobserved(async () => find(text));
      }
    };
    return (text) => observed(this.#calls.work.look_up, () => lookUp(text));
  }

  write<T>(work: Work<T>, purpose: Purpose = 'other'): Promise<T> {
    return this.#calls.run('write', () =>
      purpose === 'ending' ? this.#end(work) : this.#writeWithRoom(work),
    );
  }

  /** SQLite has one writer at a time for the whole file. A transaction that has read old data fails as busy. */
  exclusive<T>(_subject: string, work: Work<T>, purpose?: Purpose): Promise<T> {
    return this.write(work, purpose);
  }

  transaction<T>(_subject: string, work: Work<T>, purpose?: Purpose): Promise<T> {
    return this.write(work, purpose);
  }

  async close(): Promise<void> {
    await this.#checkpoints?.close();
    this.#reader.close();
    await this.db.destroy();
  }

  /** Releases the reserve if the disk is full, and tries again. */
  async #end<T>(work: Work<T>): Promise<T> {
    try {
      return await (this.#writes.load(work) as Promise<T>);
    } catch (error) {
      if (!this.#reserve || !isSqliteFull(error)) throw error;
      this.#reserve.release();
      return this.#writes.load(work) as Promise<T>;
    }
  }

  /** Refuses to write while the reserve is missing. */
  async #writeWithRoom<T>(work: Work<T>): Promise<T> {
    if (this.#reserve && !this.#reserve.isKept())
      throw new Error('The disk is full. Only ends of sessions are written.');
    return this.#writes.load(work) as Promise<T>;
  }

  /** Commits all writes of one tick in one transaction. If one of them fails, each gets a transaction of its own. */
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
      this.#checkpoints?.noteWrite();
    }
  }

  async #prepareTables(tables: TablePolicy): Promise<void> {
    if (tables === 'require') await this.#require();
    await whileRepeatable(async () => this.#setUp(), isSqliteBusy, MIGRATION_TIMEOUT);
    if (tables === 'migrate') await this.#migrate();
  }

  #setUp(): void {
    // Of this connection alone; what follows concerns the file, or needs the checkpoints of our own.
    this.#connection.pragma('synchronous = FULL');
    if (!this.isOwn) return;
    this.#connection.pragma('journal_mode = WAL');
    this.#connection.pragma(`wal_autocheckpoint = ${LONG_LOG}`);
  }

  #require(): Promise<void> {
    const require = () => requireMigrated(this.#plain, 'sqlite', this.names);
    return whileRepeatable(require, isSqliteBusy, MIGRATION_TIMEOUT);
  }

  /** Takes the write lock before it reads the state of the migrations, so that one process migrates at a time. */
  async #migrate(): Promise<void> {
    await whileRepeatable(
      async () => this.#connection.exec('begin immediate'),
      isSqliteBusy,
      MIGRATION_TIMEOUT,
    );
    try {
      await migrate(this.#plain, 'sqlite', this.names);
      this.#connection.exec('commit');
    } catch (error) {
      if (this.#connection.inTransaction) this.#connection.exec('rollback');
      throw error;
    }
  }
}

/** The statements of a migration as one transaction; empty if the tables are up to date. Changes and creates nothing. */
export async function sqliteScript(file: string, { tablePrefix }: TableOptions): Promise<string[]> {
  const Connection = await classOf(file);
  const path = resolve(file);
  const database = existsSync(path)
    ? new Connection(path, { timeout: MIGRATION_TIMEOUT })
    : new Connection(':memory:');
  // Not `readonly`: SQLite would leave the files of its log behind.
  database.pragma('query_only = on');
  const db = new Kysely<unknown>({ dialect: new SqliteDialect({ database }) });
  try {
    const statements = await migrationStatements(db, 'sqlite', new TableNames(tablePrefix));
    return statements.length === 0 ? [] : ['begin immediate', ...statements, 'commit'];
  } finally {
    await db.destroy();
  }
}

/** A row of its values. The driver would take half as long again to make it. */
function rowOf<Row>(names: readonly string[], values: readonly unknown[]): Row {
  const row: Record<string, unknown> = {};
  for (const [index, name] of names.entries()) row[name] = values[index];
  return row as Row;
}

/** The driver is loaded for a file only: a `Database` that is handed in has brought its own. */
async function classOf(file: string | GivenSqlite): Promise<typeof SqliteConnection> {
  if (typeof file === 'string') return (await import('better-sqlite3')).default;
  return file.constructor as typeof SqliteConnection;
}

class SafeRollbackDialect extends SqliteDialect {
  constructor(
    private readonly connection: SqliteConnection.Database,
    private readonly statements: SqliteStatements,
  ) {
    super({ database: statements });
  }

  override createDriver(): SqliteDriver {
    return new SafeRollbackDriver(this.connection, this.statements);
  }
}

/** SQLite rolls back by itself when a write fails. A second rollback would fail and hide the first error. */
class SafeRollbackDriver extends SqliteDriver {
  readonly #connection: SqliteConnection.Database;

  constructor(connection: SqliteConnection.Database, statements: SqliteStatements) {
    super({ database: statements });
    this.#connection = connection;
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    if (this.#connection.inTransaction) await super.rollbackTransaction(connection);
  }
}
