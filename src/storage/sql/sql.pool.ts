import type { PostgresPool } from 'kysely';

/** A query that a pool of ours prepares once on each connection, under its name. Its values have passed `storable`. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Connections to a PostgreSQL server. */
export interface SqlPool extends PostgresPool {
  find<Row>(query: NamedQuery): Promise<Row[]>;
}

/** What tells whether a server can be used. */
export const FACTS = `select current_setting('transaction_read_only') as "readOnly", current_setting('server_encoding') as encoding`;

export interface Facts {
  readonly readOnly: 'on' | 'off';
  readonly encoding: string;
}

/** Throws where nothing can be written, or not every character. */
export function checkFacts({ readOnly, encoding }: Facts): void {
  if (readOnly === 'on')
    throw new Error('The server is read-only: it is a standby, or default_transaction_read_only is on.');
  if (encoding !== 'UTF8')
    throw new Error(
      `The encoding of the database is ${encoding}, which cannot hold every character. Use a database with the encoding UTF8.`,
    );
}

/** Replaces NUL, which PostgreSQL cannot store in text, by U+FFFD. */
export function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\u{fffd}') : value;
}
