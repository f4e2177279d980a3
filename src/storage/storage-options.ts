import { faultOfDatabaseUrl, faultOfSessionStoreUrl } from './store-url.js';

/** What opening does about tables that are missing or of an earlier version: it makes them, or it fails. */
export type TablePolicy = 'migrate' | 'require';

/** Where users and sessions are kept; each value left out is the one below. A URL with a fault is refused (`store-url.ts`). */
export class StorageOptions {
  /** `memory:`, `sqlite:<file>` or `postgres://…`. */
  readonly database: string = 'sqlite:coatcheck.db';
  /**
   * Where sessions are kept if not beside the users; also `redis://host`, `redis-sentinel://host:port,…/service` and
   * `redis-cluster://host:port,…`, each with TLS as `rediss…`.
   */
  readonly sessions: string;
  /** Milliseconds after which a call that has no answer fails. */
  readonly timeout: number = 500;

  /** `require` is for commands that must not make a database where they were called in the wrong folder. */
  readonly tables: TablePolicy = 'migrate';

  constructor(options: Partial<StorageOptions> = {}) {
    Object.assign(this, options);
    this.sessions = options.sessions ?? this.database;
    const faults = [
      ['database', faultOfDatabaseUrl(this.database)],
      ['sessions', options.sessions === undefined ? null : faultOfSessionStoreUrl(this.sessions)],
    ].filter(([, fault]) => fault !== null);
    if (faults.length > 0)
      throw new Error(
        `Bad storage options: ${faults.map(([name, fault]) => `${name}: ${fault}`).join('; ')}`,
      );
  }
}
