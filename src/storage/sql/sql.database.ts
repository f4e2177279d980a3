import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.js';

/** What finds one row by a text that no other has, and is asked on every request. */
export interface LookUp<Row> {
  /** A name of its own among all look-ups. */
  readonly name: string;
  /** Selects named columns: what is added to the tables later must not change the answer. */
  readonly select: string;
  /** The column that the text is in. */
  readonly column: string;
  /** What that column is called in the rows that are selected. */
  readonly key: keyof Row;
}

/** An ending takes something away: a session, a right, or rows that nobody needs. It goes on where the disk is full. */
export type Purpose = 'ending' | 'other';

/** The tables on some engine, and how it is asked. */
export interface SqlDatabase {
  readonly db: Kysely<Schema>;
  /** The result of a query, within the time-out; whatever goes wrong instead is a `StoreUnavailableError`. */
  ask<T>(query: () => Promise<T>): Promise<T>;
  /** Prepares a look-up: what it gives finds the row of a text, in the time and with the errors of `ask`. */
  prepare<Row extends object>(lookUp: LookUp<Row>): (text: string) => Promise<Row | null>;
  /** The same as `ask` for one statement that writes; what it wrote is on disk when it is answered. */
  write<T>(statement: (db: Kysely<Schema>) => Promise<T>, purpose?: Purpose): Promise<T>;
  /** The same as `ask` for a transaction that runs beside no other on the same subject, in any process. */
  alone<T>(
    subject: string,
    work: (transaction: Transaction<Schema>) => Promise<T>,
    purpose?: Purpose,
  ): Promise<T>;
  close(): Promise<void>;
}
