import type { Kysely } from 'kysely';
import type { Schema } from './schema.js';

/** The tables on some engine, and how it is asked. */
export interface SqlDatabase {
  readonly db: Kysely<Schema>;
  /** The result of a query, within the time-out; whatever goes wrong instead is a `StoreUnavailableError`. */
  ask<T>(query: () => Promise<T>): Promise<T>;
  close(): Promise<void>;
}
