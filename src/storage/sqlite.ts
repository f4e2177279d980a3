import { OptionsError, assignOptions } from '../common/options.js';
import { withPackages } from '../common/with-packages.js';
import type { Backend } from './backend.js';
import { openSqlite } from './sql/sql.backend.js';
import type { GivenSqlite } from './sql/given-sqlite.js';
import { NEEDS } from './needed-packages.js';
import { StorageSource } from './storage-source.js';
import { faultOfDatabaseUrl } from './store-url.js';
import { TABLE_PREFIX, type TablePolicy, USUAL_TABLES } from './table-options.js';

export { SqlAuditStore } from './sql/sql.audit-store.js';
export { SqlCredentialStore } from './sql/sql.credential-store.js';
export { SqlFactorStore } from './sql/sql.factor-store.js';
export { SqlOutboxStore } from './sql/sql.outbox-store.js';
export { SqlTokenStore } from './sql/sql.token-store.js';
export { SqlSessionStore } from './sql/sql.session-store.js';
export { SqlThrottleStore } from './sql/sql.throttle-store.js';
export { SqlUserStore } from './sql/sql.user-store.js';
export type { Backend } from './backend.js';
export type { GivenSqlite } from './sql/given-sqlite.js';
export { StorageSource } from './storage-source.js';

export interface SqliteOptions {
  /** The beginning of the names of all tables and indexes. */
  readonly tablePrefix?: string;
}

class CheckedOptions implements Required<SqliteOptions> {
  readonly tablePrefix: string = USUAL_TABLES.tablePrefix;

  constructor(given: SqliteOptions) {
    assignOptions(this, 'SqliteOptions', given, { tablePrefix: TABLE_PREFIX });
  }
}

class SqliteSource extends StorageSource {
  readonly label: string;
  readonly storesUsers = true;

  constructor(
    private readonly database: string | GivenSqlite,
    private readonly options: CheckedOptions,
  ) {
    super();
    this.label = `sqlite:${typeof database === 'string' ? database : database.name}`;
  }

  open(timeout: number, tables: TablePolicy = 'migrate'): Promise<Backend> {
    return withPackages(NEEDS.sqlite, () => openSqlite(this.database, timeout, { ...this.options, tables }));
  }
}

/**
 * Stores in a SQLite file: its path, or a `Database` of better-sqlite3 that is open on it. On a `Database`, two more connections
 * are opened by its class, and none of its settings is changed.
 */
export function sqlite(database: string | GivenSqlite, options: SqliteOptions = {}): StorageSource {
  const fault = faultOf(database);
  if (fault !== null) throw new OptionsError('sqlite()', [fault]);
  return new SqliteSource(database, new CheckedOptions(options));
}

function faultOf(database: string | GivenSqlite): string | null {
  if (typeof database === 'string') return faultOfDatabaseUrl(`sqlite:${database}`);
  if (typeof Object(database).name !== 'string' || typeof Object(database).prepare !== 'function')
    return 'must be the path of a file or a Database of better-sqlite3';
  if (database.memory)
    return 'this Database is in memory, where no other connection can read it; use memory() or a file';
  return database.readonly ? 'this Database is read-only; open it for writing' : null;
}
