import type { Kysely, Transaction } from 'kysely';
import type { Schema } from './schema.js';

/** The tables on some engine, and how it is asked. */
export interface SqlDatabase {
  readonly db: Kysely<Schema>;
  /** The result of a query, within the time-out; whatever goes wrong instead is a `StoreUnavailableError`. */
  ask<T>(query: () => Promise<T>): Promise<T>;
  /** The same for a transaction that runs beside no other on the same subject, in any process. */
  alone<T>(subject: string, work: (transaction: Transaction<Schema>) => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
