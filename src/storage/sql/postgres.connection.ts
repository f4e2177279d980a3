import { Client, type ClientConfig } from 'pg';

/** What a server reports of itself, unasked, whenever it changes; the latter two from PostgreSQL 14 on. */
type Report = 'in_hot_standby' | 'default_transaction_read_only';

/** Milliseconds for which a server is believed that does not report: an older version, or a pooler. */
const VALIDITY = 1_000;

/** What tells whether a server will do. */
export const FACTS = `select current_setting('transaction_read_only') as "readOnly", current_setting('server_encoding') as encoding`;

export interface Facts {
  readonly readOnly: 'on' | 'off';
  readonly encoding: string;
}

/** A connection that knows whether its server can be written, and keeps what was committed. */
export class PostgresConnection extends Client {
  /** The server committed without the standby that it has to wait for: a fail-over may undo that. */
  isCommitDoubtful = false;
  /** Of which round of connections it is; a pool gives up all rounds but the last. */
  readonly round: number;
  readonly #reported = new Map<string, string>();
  #checkedUntil = -Infinity;

  constructor(config: ClientConfig, round: number) {
    super(config);
    this.round = round;
    // A connection that breaks concerns the query on it, which fails; an 'error' that nobody heard would end the process.
    this.on('error', () => {});
    this.on('notice', ({ routine }) => (this.isCommitDoubtful ||= routine === 'SyncRepWaitForLSN'));
    this.connection.on('parameterStatus', ({ parameterName, parameterValue }) =>
      this.#reported.set(parameterName, parameterValue),
    );
  }

  /** Whether the server has become read-only since it was checked; told with the answer to any query. */
  get isReadOnly(): boolean {
    return (['in_hot_standby', 'default_transaction_read_only'] satisfies Report[]).some(
      (report) => this.#reported.get(report) === 'on',
    );
  }

  get isCheckDue(): boolean {
    return performance.now() > this.#checkedUntil;
  }

  /** Throws where nothing can be written, or not every character. */
  check({ readOnly, encoding }: Facts): void {
    if (readOnly === 'on')
      throw new Error('The server is read-only: it is a standby, or default_transaction_read_only is on.');
    if (encoding !== 'UTF8')
      throw new Error(
        `The encoding of the database is ${encoding}, which cannot hold every character. Use a database with the encoding UTF8.`,
      );
    this.#checkedUntil = this.#reported.has('in_hot_standby') ? Infinity : performance.now() + VALIDITY;
  }
}
