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
import { faultOfDatabaseUrl, faultOfSessionStoreUrl } from './store-url.js';

/** What opening does about tables that are missing or of an earlier version: it makes them, or it fails. */
export type TablePolicy = 'migrate' | 'require';

export const DATABASE: Rule = (url) => faultOfDatabaseUrl(typeof url === 'string' ? url : '');

export const SESSION_STORE: Rule = (url) => faultOfSessionStoreUrl(typeof url === 'string' ? url : '');

/** The stores that `without` can name. */
export const STORE_NAMES = ['users', 'sessions', 'audit', 'throttle', 'reset_tokens'] as const;

export type StoreName = (typeof STORE_NAMES)[number];

const RULES: RulesOf<StorageOptions> = {
  database: DATABASE,
  sessions: SESSION_STORE,
  timeout: milliseconds(LONGEST_WAIT),
  tables: oneOf(['migrate', 'require'] satisfies TablePolicy[]),
  without: listOf(oneOf(STORE_NAMES)),
};

/** Where users and sessions are kept; each value left out is the one below. */
export class StorageOptions {
  /** `memory:`, `sqlite:<file>` or `postgres://…`. */
  readonly database: string = 'sqlite:coatcheck.db';
  /**
   * Where sessions are kept if not beside the users; also `redis://host`, `redis-sentinel://host:port,…/service` and
   * `redis-cluster://host:port,…`, each with TLS as `rediss…`.
   */
  readonly sessions: string = this.database;
  /** Milliseconds after which a call that has no answer fails. */
  readonly timeout: number = 500;

  /** `require` is for commands that must not make a database where they were called in the wrong folder. */
  readonly tables: TablePolicy = 'migrate';

  /** The stores that the application provides itself. */
  readonly without: readonly StoreName[] = [];

  constructor(options: Given<StorageOptions> = {}) {
    assignOptions(this, 'StorageOptions', options, RULES);
    this.sessions = options.sessions ?? this.database;
  }
}
