import { setTimeout as delay } from 'node:timers/promises';
import { BoundedCalls } from '../common/bounded-calls.js';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';
import { type Work, observed } from '../common/observed.js';

/** Milliseconds that a start waits for a store that does not accept connections yet. */
export const START_TIMEOUT = 1_500;

/** Milliseconds between two attempts at the same call. */
const RETRY_INTERVAL = 10;

/** What the error of a database engine means for the call. */
export type Failure =
  /** Another call has a lock. This call had no effect; it is repeated within the timeout. */
  | 'busy'
  /** The connection is replaced. This call had no effect; it is repeated within the timeout. */
  | 'useless_connection'
  /** The store cannot answer now, or it is unknown whether the call had an effect: status 503. */
  | 'unavailable'
  /** The store cannot store one of the values: status 400. */
  | 'value_refused'
  /** The store or the program must be changed before this call can succeed: status 500, with the reason in the log. */
  | 'misconfigured';

/** What calls do. A look-up reads one row or field by its key, for several requests at once. */
export type Operation = 'look_up' | 'read' | 'write' | 'transaction';

export interface StoreCallsOptions {
  /** The name of the system, as OpenTelemetry writes it. */
  readonly system: 'sqlite' | 'postgresql' | 'redis';
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  classify(error: unknown): Failure;
}

/** The store always refuses a call: a permission, a table or a database is missing, or the program has a defect. */
export class StoreMisconfiguredError extends Error {
  override readonly name = 'StoreMisconfiguredError';

  constructor(cause: unknown) {
    super('The store refuses this permanently. Check its configuration.', { cause });
  }
}

/** Runs the calls of one store with a timeout and a limit, and translates the errors of its engine. */
export class StoreCalls {
  /** The calls as observers know them. */
  readonly work: Readonly<Record<Operation, Work>>;
  readonly #calls: BoundedCalls;

  constructor(private readonly options: StoreCallsOptions) {
    this.#calls = new BoundedCalls(options.timeout);
    const work = (operation: Operation): Work => ({ kind: 'store', system: options.system, operation });
    this.work = {
      look_up: work('look_up'),
      read: work('read'),
      write: work('write'),
      transaction: work('transaction'),
    };
  }

  /** `count` is the number of look-ups that the call makes at once. */
  run<T>(operation: Operation, call: () => Promise<T>, count = 1): Promise<T> {
    return observed(this.work[operation], () => this.runUnobserved(call, count));
  }

  /** The same for a call that the caller observes. */
  async runUnobserved<T>(call: () => Promise<T>, count = 1): Promise<T> {
    const isRepeatable = (error: unknown) =>
      ['busy', 'useless_connection'].includes(this.options.classify(error));
    try {
      return await this.#calls.run(() => whileRepeatable(call, isRepeatable, this.options.timeout), count);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): Error {
    if (error instanceof StoreUnavailableError) return error;
    switch (this.options.classify(error)) {
      case 'value_refused':
        return new DomainError('value_not_storable', { cause: error });
      case 'misconfigured':
        return new StoreMisconfiguredError(error);
      default:
        return new StoreUnavailableError(error);
    }
  }
}

/** Repeats a call while its error is repeatable, for up to `timeout` milliseconds. */
export async function whileRepeatable<T>(
  call: () => Promise<T>,
  isRepeatable: (error: unknown) => boolean,
  timeout: number,
): Promise<T> {
  const lastAttempt = performance.now() + timeout - RETRY_INTERVAL;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isRepeatable(error) || performance.now() >= lastAttempt) throw error;
      await delay(RETRY_INTERVAL);
    }
  }
}
