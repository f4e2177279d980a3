import type SqliteConnection from 'better-sqlite3';
import type { SqliteDatabase } from 'kysely';

/** Statements that are kept at most. Most programs use fewer; lists of values of any length make more. */
const MOST = 200;

/** Prepares each statement of a connection once. */
export class SqliteStatements implements SqliteDatabase {
  readonly #kept = new Map<string, SqliteConnection.Statement>();

  constructor(private readonly connection: SqliteConnection.Database) {}

  prepare(text: string): SqliteConnection.Statement {
    const kept = this.#kept.get(text);
    if (kept) return kept;
    if (this.#kept.size >= MOST) this.#kept.clear();
    const statement = this.connection.prepare(text);
    this.#kept.set(text, statement);
    return statement;
  }

  close(): void {
    this.connection.close();
  }
}
