import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.js';

/** A query for one row by a unique text. It is prepared, because it runs on every request. */
export interface LookUp<Row> {
  /** Unique among all look-ups. */
  readonly name: string;
  /** Names its columns, so that a column added later does not change the result. */
  readonly select: (table: (name: keyof Schema) => string) => string;
  /** The column to compare. */
  readonly column: string;
  /** The name of that column in the result. */
  readonly key: keyof Row;
}

/**
 * `ending` is for a write that ends sessions, revokes rights or deletes old rows, with the mails of its step. It also works on a full
 * disk.
 */
export type Purpose = 'ending' | 'other';

/** A SQL database of any engine. */
export interface SqlDatabase {
  readonly db: Kysely<Schema>;
  /** Whether transactions lock single rows. */
  readonly locksRows: boolean;
  /** Runs a query within the timeout. Its errors are those of `StoreCalls`. */
  run<T>(query: () => Promise<T>): Promise<T>;
  /** Returns a function that finds the row of a text, or null. Timeout and errors are those of `run`. */
  prepare<Row extends object>(lookUp: LookUp<Row>): (text: string) => Promise<Row | null>;
  /** Runs one statement that writes, with the timeout and the errors of `run`. Resolves after the commit. */
  write<T>(statement: (db: Kysely<Schema>) => Promise<T>, purpose?: Purpose): Promise<T>;
  /** Runs a transaction, one at a time per subject across all processes, with the timeout and the errors of `run`. */
  exclusive<T>(
    subject: string,
    work: (transaction: Transaction<Schema>) => Promise<T>,
    purpose?: Purpose,
  ): Promise<T>;
  /**
   * Runs a transaction that locks what it changes, with the timeout and the errors of `run`. It may be repeated. Where waiting would
   * take a connection, transactions of one subject run one at a time in this process.
   */
  transaction<T>(
    subject: string,
    work: (transaction: Transaction<Schema>) => Promise<T>,
    purpose?: Purpose,
  ): Promise<T>;
  close(): Promise<void>;
}
