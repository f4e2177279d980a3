import { setTimeout as delay } from 'node:timers/promises';
import { DomainError, StoreUnavailableError } from '../common/domain-error.js';

/** Milliseconds that a start waits for a store that does not answer yet. */
export const START_TIMEOUT = 1_500;

/** How many calls of one store may be under way; one more is refused at once. */
const MAX_PENDING = 1000;

/** Milliseconds between two attempts at the same call. */
const RETRY_INTERVAL = 10;

/** What the error of an engine means for the call that met it. Each engine sorts its errors in one place. */
export type Failure =
  /** Another call was in the way. This one had no effect, and is repeated within its time. */
  | 'busy'
  /** The connection was useless, nothing took effect, and the connection is replaced: repeated within its time. */
  | 'useless_connection'
  /** The store cannot answer now, or nobody knows whether the call took effect: a 503. */
  | 'unavailable'
  /** The store can never keep one of the values: a 400. */
  | 'value_refused'
  /** The store never answers this call as it is set up, or as our program asks: a 500, with the reason in the log. */
  | 'misconfigured';

export interface StoreCallsOptions {
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  classify(error: unknown): Failure;
}

/** The store refuses a call for good: a right, a table or a database is missing, or the program is wrong. */
export class StoreMisconfiguredError extends Error {
  override readonly name = 'StoreMisconfiguredError';

  constructor(cause: unknown) {
    super('The store refuses this permanently. Check its configuration.', { cause });
  }
}

/** Calls of one store: each ends in time, few wait, and each error of an engine becomes one of ours. */
export class StoreCalls {
  #pending = 0;

  constructor(private readonly options: StoreCallsOptions) {}

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING)
      throw new StoreUnavailableError(new Error('Too many calls are waiting.'));
    try {
      return await within(this.#counted(call), this.options.timeout);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  #translate(error: unknown): Error {
    switch (this.options.classify(error)) {
      case 'value_refused':
        return new DomainError('value_not_storable', { cause: error });
      case 'misconfigured':
        return new StoreMisconfiguredError(error);
      default:
        return new StoreUnavailableError(error);
    }
  }

  /** Counts a call until it is done, also when nobody waits for it any longer. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await whileRepeatable(call, (error) => this.#isRepeatable(error), this.options.timeout);
    } finally {
      this.#pending -= 1;
    }
  }

  #isRepeatable(error: unknown): boolean {
    return ['busy', 'useless_connection'].includes(this.options.classify(error));
  }
}

/** Repeats a call whose failure had no effect, while `timeout` milliseconds are not over. */
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

/** The answer if it comes in time; one that is there already is read before the time is called. */
function within<T>(answer: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const giveUp = () => setImmediate(reject, new Error(`No answer within ${timeout} ms.`));
    const timer = setTimeout(giveUp, timeout);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
