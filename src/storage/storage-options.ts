const KEEPS_ALL = 'memory:|sqlite:(?!:memory:|file:).+|postgres(ql)?://.+';

/** Where users can be kept; SQLite's own names for memory and for files with options are none. */
export const DATABASE_URL = new RegExp(`^(${KEEPS_ALL})$`);
/** Where sessions can be kept. */
export const SESSION_STORE_URL = new RegExp(`^(${KEEPS_ALL}|rediss?://.+|redis-cluster://.+)$`);

/** Where users and sessions are kept; each value left out is the one below. */
export class StorageOptions {
  /** `memory:`, `sqlite:<file>` or `postgres://…`. */
  readonly database: string = 'sqlite:coatcheck.db';
  /** Where sessions are kept if not beside the users; also `redis://…`, `rediss://…` or `redis-cluster://host:port,…`. */
  readonly sessions: string;
  /** Milliseconds after which a call that has no answer fails. */
  readonly timeout: number = 500;

  constructor(options: Partial<StorageOptions> = {}) {
    Object.assign(this, options);
    this.sessions = options.sessions ?? this.database;
  }
}

/** A storage URL as it may be shown: without user, password and parameters. */
export function withoutSecrets(url: string): string {
  return url.replace(/^([\w-]+:\/\/)[^/]*@/, '$1').replace(/(?<=^[\w-]+:\/\/[^?]*)\?.*$/, '');
}
