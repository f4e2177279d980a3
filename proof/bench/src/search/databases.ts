import { join } from 'node:path';
import { CompiledQuery, type KyselyPlugin, type RootOperationNode } from 'kysely';
import type { SqlDatabase } from '../../../../dist/lib/storage/sql/sql.database.js';
import type { UserStore } from '../../../../dist/lib/users/user-store.js';
import { libraryFile } from '../paths.js';
import { newPlace, reachableEngines } from '../servers/place.js';

export type { SqlDatabase, UserStore };
export type { User } from '../../../../dist/lib/users/user.js';
export type { UserQuery } from '../../../../dist/lib/users/user-query.js';

interface Modules {
  readonly SqliteDatabase: { open(file: string, timeout: number): Promise<SqlDatabase> };
  readonly PostgresDatabase: { open(url: string, timeout: number): Promise<SqlDatabase> };
  readonly SqlUserStore: new (database: SqlDatabase) => UserStore;
}

/** A new database without users, which is removed at the end. */
export interface Subject {
  readonly engine: 'SQLite' | 'PostgreSQL';
  readonly database: SqlDatabase;
  readonly store: UserStore;
}

/** Milliseconds that one call may take; filling and the first analysis take long. */
const TIMEOUT = 600_000;

const sqlFile = (name: string) => import(libraryFile(`storage/sql/${name}.js`)) as Promise<Modules>;

/** One database for each engine that is reached. */
export async function openSubjects(): Promise<Subject[]> {
  const { SqlUserStore } = await sqlFile('sql.user-store');
  const isPostgresReached = (await reachableEngines()).has('postgres');
  const place = await newPlace(isPostgresReached ? ['postgres'] : []);
  const { SqliteDatabase } = await sqlFile('sqlite.database');
  const sqlite = await SqliteDatabase.open(join(place.folder, 'search.db'), TIMEOUT);
  const subjects: Subject[] = [{ engine: 'SQLite', database: sqlite, store: new SqlUserStore(sqlite) }];
  if (isPostgresReached) {
    const { PostgresDatabase } = await sqlFile('postgres.database');
    const postgres = await PostgresDatabase.open(place.postgresUrl, TIMEOUT);
    subjects.push({ engine: 'PostgreSQL', database: postgres, store: new SqlUserStore(postgres) });
  }
  return subjects;
}

/** Executes a statement without parameters. */
export async function run<Row>({ database }: Subject, statement: string): Promise<Row[]> {
  return (await database.db.executeQuery<Row>(CompiledQuery.raw(statement))).rows;
}

/** The plans of the queries that some work with the store makes. */
export async function plansOf(
  { engine, database }: Subject,
  work: (database: SqlDatabase) => Promise<unknown>,
): Promise<string[]> {
  const nodes: RootOperationNode[] = [];
  const listener: KyselyPlugin = {
    transformQuery: ({ node }) => {
      nodes.push(node);
      return node;
    },
    transformResult: async ({ result }) => result,
  };
  const db = database.db.withPlugin(listener);
  await work({
    db,
    run: (query) => query(),
    prepare: () => async () => null,
  } as Partial<SqlDatabase> as SqlDatabase);
  const explain = engine === 'SQLite' ? 'explain query plan' : 'explain analyze';
  const plans: string[] = [];
  for (const node of nodes) {
    const query = database.db.getExecutor().compileQuery(node, { queryId: 'plan' });
    const { rows } = await database.db.executeQuery<Record<string, unknown>>(
      CompiledQuery.raw(`${explain} ${query.sql}`, [...query.parameters]),
    );
    plans.push(rows.map((row) => String(row['detail'] ?? row['QUERY PLAN'])).join('\n'));
  }
  return plans;
}
