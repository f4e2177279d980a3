import type { Backend } from '../backend.js';
import type { TableOptions } from '../table-options.js';
import type { GivenPool } from './given-pool.js';
import type { GivenSqlite } from './given-sqlite.js';
import type { SqlDatabase } from './sql.database.js';
import { SqlAuditStore } from './sql.audit-store.js';
import { SqlCredentialStore } from './sql.credential-store.js';
import { SqlFactorStore } from './sql.factor-store.js';
import { SqlOutboxStore } from './sql.outbox-store.js';
import { SqlTokenStore } from './sql.token-store.js';
import { SqlSessionStore } from './sql.session-store.js';
import { SqlThrottleStore } from './sql.throttle-store.js';
import { SqlUserStore } from './sql.user-store.js';

export async function openSqlite(
  file: string | GivenSqlite,
  timeout: number,
  tables: Partial<TableOptions>,
): Promise<Backend> {
  const { SqliteDatabase } = await import('./sqlite.database.js');
  return storesOn(await SqliteDatabase.open(file, timeout, tables));
}

export async function openPostgres(
  server: string | GivenPool,
  timeout: number,
  tables: Partial<TableOptions>,
): Promise<Backend> {
  const { PostgresDatabase } = await import('./postgres.database.js');
  return storesOn(await PostgresDatabase.open(server, timeout, tables));
}

function storesOn(database: SqlDatabase): Backend {
  return {
    users: new SqlUserStore(database),
    credentials: new SqlCredentialStore(database),
    audit: new SqlAuditStore(database),
    sessions: new SqlSessionStore(database),
    tallies: new SqlThrottleStore(database),
    tokens: new SqlTokenStore(database),
    outbox: new SqlOutboxStore(database),
    factors: new SqlFactorStore(database),
    close: () => database.close(),
  };
}
