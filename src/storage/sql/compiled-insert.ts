import type { CompiledQuery, Kysely } from 'kysely';
import type { Schema } from './schema.js';

/**
 * Inserts single rows by a query that is compiled once: to compile it takes longer than to execute it. All rows have the same
 * columns in the same order.
 */
export class CompiledInsert<Row extends object> {
  #query: CompiledQuery | null = null;

  /** The query of `compile` has the values of the row as its parameters, and no others. */
  constructor(private readonly compile: (row: Row) => CompiledQuery) {}

  /** Returns whether the row was inserted. */
  async insert(db: Kysely<Schema>, row: Row): Promise<boolean> {
    this.#query ??= this.compile(row);
    const { numAffectedRows } = await db.executeQuery({ ...this.#query, parameters: Object.values(row) });
    return numAffectedRows === 1n;
  }
}
