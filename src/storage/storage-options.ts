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
