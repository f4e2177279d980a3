import { OptionsError, assignOptions } from '../common/options.js';
import { withPackages } from '../common/with-packages.js';
import type { Backend } from './backend.js';
import type { GivenPool } from './sql/given-pool.js';
import { openPostgres } from './sql/sql.backend.js';
import { NEEDS } from './needed-packages.js';
import { StorageSource } from './storage-source.js';
import { faultOfDatabaseUrl, withoutSecrets } from './store-url.js';
import { SCHEMA, TABLE_PREFIX, type TablePolicy, USUAL_TABLES } from './table-options.js';

export { SqlAuditStore } from './sql/sql.audit-store.js';
export { SqlCredentialStore } from './sql/sql.credential-store.js';
export { SqlFactorStore } from './sql/sql.factor-store.js';
export { SqlOutboxStore } from './sql/sql.outbox-store.js';
export { SqlTokenStore } from './sql/sql.token-store.js';
export { SqlSessionStore } from './sql/sql.session-store.js';
export { SqlThrottleStore } from './sql/sql.throttle-store.js';
export { SqlUserStore } from './sql/sql.user-store.js';
export type { Backend } from './backend.js';
export type { GivenClient, GivenPool } from './sql/given-pool.js';
export { StorageSource } from './storage-source.js';

export interface PostgresOptions {
  /** The beginning of the names of all tables and indexes. */
  readonly tablePrefix?: string;
  /** The schema of the tables, which is created if it is missing; null is the first of the search path. */
  readonly schema?: string | null;
}

class CheckedOptions implements Required<PostgresOptions> {
  readonly tablePrefix: string = USUAL_TABLES.tablePrefix;
  readonly schema: string | null = USUAL_TABLES.schema;

  constructor(given: PostgresOptions) {
    assignOptions(this, 'PostgresOptions', given, { tablePrefix: TABLE_PREFIX, schema: SCHEMA });
  }
}

class PostgresSource extends StorageSource {
  readonly label: string;
  readonly storesUsers = true;

  constructor(
    private readonly database: string | GivenPool,
    private readonly options: CheckedOptions,
  ) {
    super();
    this.label = typeof database === 'string' ? withoutSecrets(database) : 'the pool of PostgreSQL';
  }

  open(timeout: number, tables: TablePolicy = 'migrate'): Promise<Backend> {
    return withPackages(NEEDS.postgres, () =>
      openPostgres(this.database, timeout, { ...this.options, tables }),
    );
  }
}

/** Stores in PostgreSQL: its URL, or a pool of `pg`, which is not changed and not closed. */
export function postgres(database: string | GivenPool, options: PostgresOptions = {}): StorageSource {
  const fault = faultOf(database);
  if (fault !== null) throw new OptionsError('postgres()', [fault]);
  return new PostgresSource(database, new CheckedOptions(options));
}

function faultOf(database: string | GivenPool): string | null {
  if (typeof database !== 'string')
    return typeof Object(database).connect === 'function' ? null : 'must be postgres://… or a pool of pg';
  return /^postgres(ql)?:/.test(database)
    ? faultOfDatabaseUrl(database)
    : 'must be postgres://… or a pool of pg';
}
