import { Logger } from '@nestjs/common';
import type { PostgresPool as KyselyPool, PostgresPoolClient } from 'kysely';
import { Pool, type PoolClient, type QueryResult, types } from 'pg';

/** Connections of one process; PostgreSQL's own default allows a hundred in all. */
const MAX_CONNECTIONS = 10;

const INT8: number = types.builtins.INT8;

/** A query that is planned once for each connection; its values are storable. */
export interface NamedQuery {
  readonly name: string;
  readonly text: string;
  readonly values: unknown[];
}

/** Connections that are given up when an answer is overdue, and replaced when they break. */
export class PostgresPool implements KyselyPool {
  readonly #logger = new Logger('PostgreSQL');
  readonly #pool: Pool;

  /** `timeout` in milliseconds is for a connection and for each statement, here and on the server. */
  constructor(
    url: string,
    private readonly timeout: number,
  ) {
    this.#pool = new Pool({
      connectionString: url,
      max: MAX_CONNECTIONS,
      connectionTimeoutMillis: timeout,
      keepAlive: true,
      application_name: 'coatcheck',
      // The server lets go of what this process has given up.
      statement_timeout: timeout,
      idle_in_transaction_session_timeout: 2 * timeout,
      types: {
        getTypeParser: ((oid: number, format: 'text') =>
          oid === INT8 ? Number : types.getTypeParser(oid, format)) as typeof types.getTypeParser,
      },
    });
    // A connection that breaks while nobody asks anything of it concerns nobody; unheard, it would end the process.
    this.#pool.on('error', ({ message }) => this.#logger.warn(`A connection broke: ${message}`));
    this.#pool.on('connect', (client) => client.on('error', () => {}));
  }

  async connect(): Promise<PostgresPoolClient> {
    return new Lease(await this.#pool.connect(), this.timeout) as unknown as PostgresPoolClient;
  }

  /** The rows of a query that each connection prepares under its name. */
  async find<Row>(query: NamedQuery): Promise<Row[]> {
    const lease = new Lease(await this.#pool.connect(), this.timeout);
    try {
      return (await lease.query(query)).rows as Row[];
    } finally {
      lease.release();
    }
  }

  end(): Promise<void> {
    return this.#pool.end();
  }
}

/** A connection on loan. One whose answer is overdue is not handed on: whoever had it next would wait behind it. */
class Lease {
  #isOver = false;

  constructor(
    private readonly client: PoolClient,
    private readonly timeout: number,
  ) {}

  async query(query: string | NamedQuery, values: unknown[] = []): Promise<QueryResult> {
    const timer = setTimeout(() => this.#end(true), this.timeout);
    try {
      return await (typeof query === 'string'
        ? this.client.query(query, values.map(storable))
        : this.client.query(query));
    } finally {
      clearTimeout(timer);
    }
  }

  release(): void {
    this.#end(false);
  }

  #end(isBroken: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.client.release(isBroken);
  }
}

/** PostgreSQL has no NUL in its texts; it becomes what UTF-8 makes of any other character that there is not. */
export function storable(value: unknown): unknown {
  return typeof value === 'string' ? value.replaceAll('\0', '\u{fffd}') : value;
}
