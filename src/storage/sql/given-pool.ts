import type { PostgresPoolClient } from 'kysely';
import { UselessConnectionError, isConnectionLost, isConnectionUseless } from './postgres.failures.js';
import { type NamedQuery, type SqlPool, storable } from './sql.pool.js';

/** A pool that is handed in, such as `pg.Pool`. */
export interface GivenPool {
  connect(): Promise<GivenClient>;
}

/** A connection of such a pool. */
export interface GivenClient {
  query(query: GivenQuery): Promise<unknown>;
  release(destroy?: boolean): void;
  on(event: 'error', listener: () => void): unknown;
  removeListener(event: 'error', listener: () => void): unknown;
}

interface GivenQuery {
  readonly text: string;
  readonly values: unknown[];
  readonly types: { getTypeParser(oid: number): (text: string) => unknown };
}

interface Result {
  readonly command: 'UPDATE' | 'DELETE' | 'INSERT' | 'SELECT' | 'MERGE';
  readonly rowCount: number;
  readonly rows: unknown[];
}

/** Share of the timeout of a call within which the pool must lend: no statement starts after the call has timed out. */
const LENDING_SHARE = 0.9;

/** The type `bigint`. Our other columns are texts. */
const INT8 = 20;

const TYPES: GivenQuery['types'] = { getTypeParser: (oid) => (oid === INT8 ? Number : String) };

/**
 * Borrows connections of a pool that is handed in. It sets nothing on them, prepares no statement, and leaves no listener.
 * A connection that fails or does not answer in time goes back with the request to replace it.
 */
export class BorrowedPool implements SqlPool {
  constructor(
    private readonly pool: GivenPool,
    private readonly timeout: number,
  ) {}

  async connect(): Promise<PostgresPoolClient> {
    return (await this.#borrow()) as unknown as PostgresPoolClient;
  }

  async find<Row>({ text, values }: NamedQuery): Promise<Row[]> {
    const loan = await this.#borrow();
    try {
      return (await loan.query(text, values)).rows as Row[];
    } finally {
      loan.release();
    }
  }

  /** The pool is not ours. */
  end(): Promise<void> {
    return Promise.resolve();
  }

  /** A connection that comes too late goes back unused. */
  #borrow(): Promise<Loan> {
    const patience = this.timeout * LENDING_SHARE;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        reject(new Error(`The pool had no connection within ${patience} ms.`));
      }, patience);
      const lend = (client: GivenClient) =>
        isLate ? client.release() : resolve(new Loan(client, this.timeout));
      this.pool
        .connect()
        .then(lend, reject)
        .finally(() => clearTimeout(timer));
    });
  }
}

class Loan {
  #isOver = false;
  #isBroken = false;
  #mayHaveWritten = false;
  #isInTransaction = false;

  constructor(
    private readonly client: GivenClient,
    private readonly timeout: number,
  ) {
    client.on('error', ignore);
  }

  async query(text: string, values: readonly unknown[] = []): Promise<Result> {
    const timer = setTimeout(() => this.#end(true), this.timeout);
    this.#note(text);
    try {
      return (await this.client.query({ text, values: values.map(storable), types: TYPES })) as Result;
    } catch (error) {
      const isUseless = isConnectionUseless(error);
      const isLost = isConnectionLost(error);
      this.#isBroken ||= isUseless || isLost;
      throw isUseless || (isLost && !this.#mayHaveWritten)
        ? new UselessConnectionError('The connection is replaced.', { cause: error })
        : error;
    } finally {
      clearTimeout(timer);
    }
  }

  release(): void {
    this.#end(this.#isBroken);
  }

  /** What a statement writes in a transaction has no effect until that commits. */
  #note(statement: string): void {
    const [verb = ''] = /^\w+/.exec(statement.trimStart().toLowerCase()) ?? [];
    if (verb === 'begin' || verb === 'start') this.#isInTransaction = true;
    else if (verb === 'commit' || (!this.#isInTransaction && verb !== 'select')) this.#mayHaveWritten = true;
  }

  #end(isBroken: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.client.release(isBroken);
    this.client.removeListener('error', ignore);
  }
}

/** The query on a connection that breaks fails; an 'error' without a listener would end the process. */
function ignore(): void {}
