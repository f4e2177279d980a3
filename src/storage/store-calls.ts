import { setTimeout as delay } from 'node:timers/promises';
import { StoreUnavailableError } from '../common/domain-error.js';

/** Milliseconds that a start waits for a store that does not answer yet. */
export const START_TIMEOUT = 1_500;

/** How many calls of one store may be under way; one more is refused at once. */
const MAX_PENDING = 1000;

/** Milliseconds between two attempts at what another holds. */
const RETRY_INTERVAL = 10;

export interface StoreCallsOptions {
  /** Milliseconds that a call may take. */
  readonly timeout: number;
  /** Whether a call failed, without effect, because of another that will soon be over. */
  isBusy(error: unknown): boolean;
}

/** What all stores do in trouble: each call ends in time, few wait, and what goes wrong is a `StoreUnavailableError`. */
export class StoreCalls {
  #pending = 0;

  constructor(private readonly options: StoreCallsOptions) {}

  async run<T>(call: () => Promise<T>): Promise<T> {
    if (this.#pending >= MAX_PENDING)
      throw new StoreUnavailableError(new Error('Too many calls are waiting.'));
    try {
      return await within(this.#counted(call), this.options.timeout);
    } catch (error) {
      throw new StoreUnavailableError(error);
    }
  }

  /** A call that is overdue is still under way. */
  async #counted<T>(call: () => Promise<T>): Promise<T> {
    this.#pending += 1;
    try {
      return await whileBusy(call, this.options.isBusy, this.options.timeout);
    } finally {
      this.#pending -= 1;
    }
  }
}

/** Repeats a call that fails because of another, while `timeout` milliseconds are not over. */
export async function whileBusy<T>(
  call: () => Promise<T>,
  isBusy: (error: unknown) => boolean,
  timeout: number,
): Promise<T> {
  const lastAttempt = performance.now() + timeout - RETRY_INTERVAL;
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!isBusy(error) || performance.now() >= lastAttempt) throw error;
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
