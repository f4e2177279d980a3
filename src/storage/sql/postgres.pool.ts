import { Logger } from '@nestjs/common';
import type { PostgresPool as KyselyPool, PostgresPoolClient } from 'kysely';
import { type ClientConfig, Pool, type QueryResult, types } from 'pg';
import { urlOfEachHost } from '../store-url.js';
import { FACTS, type Facts, PostgresConnection } from './postgres.connection.js';
import { UselessConnectionError, isConnectionLost, isConnectionUseless } from './postgres.failures.js';

/** Connections of one process; PostgreSQL's own default allows a hundred in all. */
const MAX_CONNECTIONS = 10;

/** The longest time that a connection may take to be there, in milliseconds. */
const MAX_CONNECT_TIMEOUT = 5_000;

/** Seconds after which a connection is replaced: a former primary that nobody told of its end is left by then. */
const MAX_LIFETIME = 60;

const INT8: number = types.builtins.INT8;

/** A query that is planned once for each connection; its values are storable. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

type Leased = PostgresConnection & { release(isBroken: boolean): void };

/** Connections to the first server of a URL that can be written. Those that are overdue, broken or useless are replaced. */
export class PostgresPool implements KyselyPool {
  readonly #logger = new Logger('PostgreSQL');
  readonly #servers: readonly string[];
  readonly #pool: Pool;
  #server = 0;
  #round = 0;

  /** `timeout` in milliseconds is for a connection and for each statement, here and on the server. */
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
      // The server ends what this process has given up.
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

  /** The rows of a query that each connection prepares under its name. */
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

  /** A client of the pool connects to the server whose turn it is. */
  #clientClass() {
    const connectionString = () => this.#servers[this.#server];
    const round = () => this.#round;
    return class extends PostgresConnection {
      constructor(config?: ClientConfig) {
        super({ ...config, connectionString: connectionString() }, round());
      }
    };
  }

  /** A connection of the pool, or else a new one to each server in turn. */
  async #lease(): Promise<Lease> {
    for (let untried = this.#servers.length; ; untried -= 1) {
      const server = this.#server;
      try {
        return await this.#leaseUseful();
      } catch (error) {
        // Of several calls that fail on the same server, the first one turns to the next.
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

  /** What made one connection useless concerns all of its round. */
  #replaceRound(round: number): void {
    if (round !== this.#round) return;
    this.#round += 1;
    this.#logger.warn('The server became read-only or its tables changed. All connections are replaced.');
  }
}

/** A connection on loan. One that fails or whose answer is overdue is not handed on. */
class Lease {
  #isOver = false;
  #isBroken = false;
  /** Whether what was asked may have taken effect, and stays where the connection is lost. */
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

  /** Makes sure that the server will do; one query for a new connection. */
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

  /** What a statement writes in a transaction has no effect until that commits. */
  #note(statement: string): void {
    const [verb = ''] = /^\w+/.exec(statement.trimStart().toLowerCase()) ?? [];
    if (verb === 'begin' || verb === 'start') this.#isInTransaction = true;
    else if (verb === 'commit' || (!this.#isInTransaction && verb !== 'select')) this.#mayHaveWritten = true;
  }

  /** An answer is of no use if it is from a read-only server, which may be behind, or if another server will not know it. */
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
    if (this.#isOver) return;
    this.#isOver = true;
    this.connection.release(isBroken);
  }
}

/** PostgreSQL has no NUL in its texts; it becomes what UTF-8 makes of any other character that there is not. */
export function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\u{fffd}') : value;
}
