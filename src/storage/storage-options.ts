import { USUAL_TIMEOUT } from '../common/bounded-calls.js';
import { LONGEST_WAIT } from '../common/duration.js';
import {
  type Given,
  type RulesOf,
  type Rule,
  assignOptions,
  listOf,
  milliseconds,
  oneOf,
} from '../common/options.js';
import { StorageSource } from './storage-source.js';
import { faultOfDatabaseUrl, faultOfSessionStoreUrl } from './store-url.js';
import { STORES, type StoreName } from './stores.js';
import { SCHEMA, TABLE_PREFIX, type TableOptions, type TablePolicy, USUAL_TABLES } from './table-options.js';

/** Of the variable: a URL. */
export const DATABASE: Rule = (url) => faultOfDatabaseUrl(typeof url === 'string' ? url : '');

export const SESSION_STORE: Rule = (url) => faultOfSessionStoreUrl(typeof url === 'string' ? url : '');

const DATABASE_OR_SOURCE: Rule = (given) => {
  if (isConnection(given)) return 'must be wrapped: postgres(pool) or sqlite(database)';
  if (!(given instanceof StorageSource)) return DATABASE(given);
  return given.storesUsers ? null : 'must be a database; sessions alone can be in Redis';
};

const SESSION_STORE_OR_SOURCE: Rule = (given) => {
  if (isConnection(given)) return 'must be wrapped: redis(client), postgres(pool) or sqlite(database)';
  return given instanceof StorageSource ? null : SESSION_STORE(given);
};

/** A pool, a database or a client. */
const isConnection = (given: unknown) =>
  typeof given === 'object' && given !== null && !(given instanceof StorageSource);

/** Refuses what a source has been given already. */
function forUrls(rule: Rule): Rule {
  return (value, beside = {}) => {
    const isUsual = Object.values(USUAL_TABLES).includes(value);
    const isForUrl = !(beside['database'] instanceof StorageSource);
    return isForUrl || isUsual ? rule(value) : 'is for URLs; give it to sqlite() or postgres() instead';
  };
}

const RULES: RulesOf<StorageOptions> = {
  database: DATABASE_OR_SOURCE,
  sessions: SESSION_STORE_OR_SOURCE,
  timeout: milliseconds(LONGEST_WAIT),
  tables: oneOf(['migrate', 'require'] satisfies TablePolicy[]),
  tablePrefix: forUrls(TABLE_PREFIX),
  schema: forUrls(SCHEMA),
  without: listOf(oneOf(Object.keys(STORES))),
};

/** Where users and sessions are stored. Throws `OptionsError` if a value is not valid. */
export class StorageOptions implements TableOptions {
  /** `memory:`, `sqlite:<file>` or `postgres://…`, or what `memory()`, `sqlite()` or `postgres()` returns. */
  readonly database: string | StorageSource = 'sqlite:coatcheck.db';
  /**
   * Storage URL of the sessions; by default that of `database`. Also accepts `redis://host`,
   * `redis-sentinel://host:port,…/service` and `redis-cluster://host:port,…`. `rediss…` uses TLS. Or what `redis()`
   * returns.
   */
  readonly sessions: string | StorageSource = this.database;
  /** Milliseconds after which a call without an answer fails. */
  readonly timeout: number = USUAL_TIMEOUT;

  /** Use `require` for commands, so that a command in the wrong folder does not create a database. */
  readonly tables: TablePolicy = USUAL_TABLES.tables;

  /** The beginning of the names of all tables and indexes in a SQL database that a URL names. */
  readonly tablePrefix: string = USUAL_TABLES.tablePrefix;

  /** The schema of the tables on PostgreSQL, which is created if it is missing; null is the first of the search path. */
  readonly schema: string | null = USUAL_TABLES.schema;

  /** The stores that the application provides itself. */
  readonly without: readonly StoreName[] = [];

  constructor(options: Given<StorageOptions> = {}) {
    assignOptions(this, 'StorageOptions', options, RULES);
    this.sessions = options.sessions ?? this.database;
  }
}
