/** What a storage URL looks like; SQLite's own names for memory and for files with options are none. */
export const STORAGE_URL = /^(memory:|sqlite:(?!:memory:|file:).+)$/;

/** Where users and sessions are kept; each value left out is the one below. */
export class StorageOptions {
  /** `memory:` or `sqlite:<file>`. */
  readonly database: string = 'sqlite:coatcheck.db';
  /** Where sessions are kept if not beside the users. */
  readonly sessions: string;
  /** Milliseconds after which a call that has no answer fails. */
  readonly timeout: number = 500;

  constructor(options: Partial<StorageOptions> = {}) {
    Object.assign(this, options);
    this.sessions = options.sessions ?? this.database;
  }
}
