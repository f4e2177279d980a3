import type { Backend } from '../backend.js';
import type { TablePolicy } from '../storage-options.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlAuditStore } from './sql.audit-store.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlThrottleStore } from './sql.throttle-store.js';
import { SqlUserStore } from './sql.user-store.js';

export async function openSqlite(file: string, timeout: number, tables: TablePolicy): Promise<Backend> {
  const { SqliteDatabase } = await import('./sqlite.database.js');
  return storesOn(await SqliteDatabase.open(file, timeout, tables));
}

export async function openPostgres(url: string, timeout: number, tables: TablePolicy): Promise<Backend> {
  const { PostgresDatabase } = await import('./postgres.database.js');
  return storesOn(await PostgresDatabase.open(url, timeout, tables));
}

function storesOn(database: SqlDatabase): Backend {
  return {
    users: new SqlUserStore(database),
    audit: new SqlAuditStore(database),
    sessions: new SqlSessionStore(database),
    tallies: new SqlThrottleStore(database),
    close: () => database.close(),
  };
}
