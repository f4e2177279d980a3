import { Client, type ClientConfig } from 'pg';
import { type Facts, checkFacts } from './sql.pool.js';

/** Parameters that a server reports when they change, from PostgreSQL 14 on. */
type Report = 'in_hot_standby' | 'default_transaction_read_only';

/** Milliseconds until the next check of a server that does not report: an older version, or a connection pooler. */
const VALIDITY = 1_000;

/** A connection that knows whether its server accepts writes and whether a commit may be lost. */
export class PostgresConnection extends Client {
  /** True after the server committed without waiting for its synchronous standby: a fail-over may lose that commit. */
  isCommitDoubtful = false;
  /** Number of the round that opened this connection. The pool closes connections of earlier rounds. */
  readonly round: number;
  readonly #reported = new Map<string, string>();
  #checkedUntil = -Infinity;

  constructor(config: ClientConfig, round: number) {
    super(config);
    this.round = round;
    // The query on a broken connection fails by itself. An 'error' event without a listener would end the process.
    this.on('error', () => {});
    this.on('notice', ({ routine }) => (this.isCommitDoubtful ||= routine === 'SyncRepWaitForLSN'));
    this.connection.on('parameterStatus', ({ parameterName, parameterValue }) =>
      this.#reported.set(parameterName, parameterValue),
    );
  }

  /** Whether the server has reported that it is read-only. It reports this together with the result of any query. */
  get isReadOnly(): boolean {
    return (['in_hot_standby', 'default_transaction_read_only'] satisfies Report[]).some(
      (report) => this.#reported.get(report) === 'on',
    );
  }

  get isCheckDue(): boolean {
    return performance.now() > this.#checkedUntil;
  }

  /** Throws if the server is read-only or if its encoding is not UTF8. */
  check(facts: Facts): void {
    checkFacts(facts);
    this.#checkedUntil = this.#reported.has('in_hot_standby') ? Infinity : performance.now() + VALIDITY;
  }
}
