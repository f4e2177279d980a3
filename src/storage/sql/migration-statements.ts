import {
  DummyDriver,
  Kysely,
  PostgresAdapter,
  PostgresIntrospector,
  PostgresQueryCompiler,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
} from 'kysely';
import { migrate, stateOf } from './migrate.js';
import { type Engine, MIGRATIONS } from './migrations.js';
import { TableNames } from './table-names.js';

const PARTS = {
  sqlite: {
    createAdapter: () => new SqliteAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new SqliteIntrospector(db),
    createQueryCompiler: () => new SqliteQueryCompiler(),
  },
  postgres: {
    createAdapter: () => new PostgresAdapter(),
    createIntrospector: (db: Kysely<unknown>) => new PostgresIntrospector(db),
    createQueryCompiler: () => new PostgresQueryCompiler(),
  },
} as const;

/**
 * The statements that `migrate` would execute now. Changes nothing. Throws if there are rows whose new values this program
 * computes.
 */
export async function migrationStatements(
  db: Kysely<unknown>,
  engine: Engine,
  names: TableNames,
): Promise<string[]> {
  const { executed, tables } = await stateOf(db, engine, names);
  const present = db.withPlugin(tables === 'earlier' ? new TableNames('', names.schema) : names);
  for (const [name, { hasRowsToCompute }] of Object.entries(MIGRATIONS[engine]))
    if (tables !== 'none' && !executed.includes(name) && (await hasRowsToCompute?.(present)))
      throw new Error(
        `its rows need values that SQL cannot compute (${name}). Run the command migrate without --sql instead.`,
      );
  const statements: string[] = [];
  await migrate(db, engine, names, recorder(engine, statements));
  const writing = statements.filter((statement) => !isReading(statement));
  // New tables have no rows. An update would only do harm, if the statements were executed again by mistake.
  return tables === 'none' ? writing.filter((statement) => !/^\s*update\b/i.test(statement)) : writing;
}

/** A database that adds each statement to a list and executes none. No row is found in it. */
export function recorder(engine: Engine, statements: string[]): Kysely<unknown> {
  return new Kysely<unknown>({
    dialect: { ...PARTS[engine], createDriver: () => new DummyDriver() },
    log: ({ query }) => void statements.push(query.sql),
  });
}

export function isReading(statement: string): boolean {
  return /^\s*select\b/i.test(statement);
}
