import { Logger } from '@nestjs/common';
import type { PostgresPoolClient } from 'kysely';
import { type ClientConfig, Pool, type QueryResult, types } from 'pg';
import { urlOfEachHost } from '../store-url.js';
import { PostgresConnection } from './postgres.connection.js';
import { UselessConnectionError, isConnectionLost, isConnectionUseless } from './postgres.failures.js';
import { FACTS, type Facts, type NamedQuery, type SqlPool, storable } from './sql.pool.js';

/** Connections per process. PostgreSQL allows a hundred in all by default. */
const MAX_CONNECTIONS = 10;

/** Longest time to open a connection, in milliseconds. */
const MAX_CONNECT_TIMEOUT = 5_000;

/** Seconds after which a connection is replaced, so that no connection stays on a former primary. */
const MAX_LIFETIME = 60;

const INT8: number = types.builtins.INT8;

type Leased = PostgresConnection & { release(isBroken: boolean): void };

/** Connections to the first server of a URL that accepts writes. Broken, slow and read-only connections are replaced. */
export class PostgresPool implements SqlPool {
  readonly #logger = new Logger('PostgreSQL');
  readonly #servers: readonly string[];
  readonly #pool: Pool;
  #server = 0;
  #round = 0;

  /** `timeout` is in milliseconds. It limits the connect and each statement, in this process and on the server. */
  constructor(
    url: string,
    private readonly timeout: number,
  ) {
    this.#servers = urlOfEachHost(url);
    this.#pool = new Pool({
      Client: this.#clientClass(),
      max: MAX_CONNECTIONS,
      maxLifetimeSeconds: MAX_LIFETIME,
      connectionTimeoutMillis: Math.min(timeout, MAX_CONNECT_TIMEOUT),
      keepAlive: true,
      application_name: 'coatcheck',
      // The server cancels statements that this process no longer waits for.
      statement_timeout: timeout,
      idle_in_transaction_session_timeout: 2 * timeout,
      types: {
        getTypeParser: ((oid: number, format: 'text') =>
          oid === INT8 ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
      },
    });
    this.#pool.on('error', ({ message }) => this.#logger.warn(`A connection broke: ${message}`));
  }

  async connect(): Promise<PostgresPoolClient> {
    return (await this.#lease()) as unknown as PostgresPoolClient;
  }

  async find<Row>(query: NamedQuery): Promise<Row[]> {
    const lease = await this.#lease();
    try {
      return (await lease.query(query)).rows as Row[];
    } finally {
      lease.release();
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }

  /** A client class that connects to the current server. */
  #clientClass() {
    const connectionString = () => this.#servers[this.#server];
    const round = () => this.#round;
    return class extends PostgresConnection {
      constructor(config?: ClientConfig) {
        super({ ...config, connectionString: connectionString() }, round());
      }
    };
  }

  /** Leases a connection. Tries each server once; throws the error of the last one. */
  async #lease(): Promise<Lease> {
    for (let untried = this.#servers.length; ; untried -= 1) {
      const server = this.#server;
      try {
        return await this.#leaseUseful();
      } catch (error) {
        // Of several calls that fail on the same server, only the first one switches to the next server.
        if (this.#server === server) this.#server = (server + 1) % this.#servers.length;
        if (untried <= 1) throw error;
      }
    }
  }

  async #leaseUseful(): Promise<Lease> {
    for (;;) {
      const connection = (await this.#pool.connect()) as unknown as Leased;
      const lease = new Lease(connection, this.timeout, (useless) => this.#replaceRound(useless));
      if (connection.round === this.#round && (connection.isCheckDue || !connection.isReadOnly)) {
        await lease.check();
        return lease;
      }
      lease.destroy();
    }
  }

  /** Replaces all connections of a round: what made one of them unusable affects them all. */
  #replaceRound(round: number): void {
    if (round !== this.#round) return;
    this.#round += 1;
    this.#logger.warn('The server became read-only or its tables changed. All connections are replaced.');
  }
}

/** A leased connection. It goes back to the pool unless it failed or did not answer in time. */
class Lease {
  #isEnded = false;
  #isBroken = false;
  /** Whether a statement may have had an effect that remains after the connection is lost. */
  #mayHaveWritten = false;
  #isInTransaction = false;

  constructor(
    private readonly connection: Leased,
    private readonly timeout: number,
    private readonly replaceRound: (round: number) => void,
  ) {}

  async query(query: string | NamedQuery, values: unknown[] = []): Promise<QueryResult> {
    const timer = setTimeout(() => this.#end(true), this.timeout);
    this.#note(typeof query === 'string' ? query : query.text);
    try {
      const result = await (typeof query === 'string'
        ? this.connection.query(query, values.map(storable))
        : this.connection.query(query));
      this.#examine();
      return result;
    } catch (error) {
      throw this.#explain(error);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Throws unless the server accepts writes and its encoding is UTF8. Queries only when a check is due. */
  async check(): Promise<void> {
    if (!this.connection.isCheckDue) return;
    try {
      const { rows } = await this.query(FACTS);
      this.connection.check(rows[0] as Facts);
    } catch (error) {
      this.destroy();
      throw error;
    }
  }

  release(): void {
    this.#end(this.#isBroken);
  }

  destroy(): void {
    this.#end(true);
  }

  /** Notes whether a statement can have an effect; inside a transaction only the commit has one. */
  #note(statement: string): void {
    const [verb = ''] = /^\w+/.exec(statement.trimStart().toLowerCase()) ?? [];
    if (verb === 'begin' || verb === 'start') this.#isInTransaction = true;
    else if (verb === 'commit' || (!this.#isInTransaction && verb !== 'select')) this.#mayHaveWritten = true;
  }

  /** Throws if a fail-over may lose the commit, or if the server became read-only and may return old data. */
  #examine(): void {
    if (this.connection.isCommitDoubtful)
      throw new Error('The server committed without its standby, which did not answer in time.');
    if (this.connection.isReadOnly && !this.connection.isCheckDue && !this.#mayHaveWritten)
      throw new UselessConnectionError('The server became read-only.');
  }

  #explain(error: unknown): unknown {
    const isUseless = error instanceof UselessConnectionError || isConnectionUseless(error);
    const isLost = isConnectionLost(error);
    this.#isBroken ||= isUseless || isLost || this.connection.isCommitDoubtful;
    if (isUseless) this.replaceRound(this.connection.round);
    return isUseless || (isLost && !this.#mayHaveWritten)
      ? new UselessConnectionError('The connection is replaced.', { cause: error })
      : error;
  }

  #end(isBroken: boolean): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.connection.release(isBroken);
  }
}
