import { StoreUnavailableError } from './domain-error.js';
import { NotInTimeError, TooManyCallsError } from './observed.js';

/** Milliseconds that a call may take, unless the options say otherwise. */
export const USUAL_TIMEOUT = 500;

/** Maximum number of pending calls. Further calls are refused at once. */
const MAX_PENDING = 1000;

/** Runs calls of something that may hang, with a timeout and a limit. Both throw `StoreUnavailableError`. */
export class BoundedCalls {
  #pending = 0;

  constructor(private readonly timeout: number) {}

  /** `count` is the number of calls that this one stands for. */
  async run<T>(call: () => Promise<T>, count = 1): Promise<T> {
    if (this.#pending >= MAX_PENDING)
      throw new StoreUnavailableError(new TooManyCallsError('Too many calls are waiting.'));
    return within(this.#counted(call, count), this.timeout);
  }

  /** Counts a call until it settles, also after its timeout. */
  async #counted<T>(call: () => Promise<T>, count: number): Promise<T> {
    this.#pending += count;
    try {
      return await call();
    } finally {
      this.#pending -= count;
    }
  }
}

/** The answer, or a rejection after `timeout` milliseconds. An answer that has already arrived is still accepted then. */
function within<T>(answer: Promise<T>, timeout: number): Promise<T> {
  return new Promise((resolve, reject) => {
    const late = () => new StoreUnavailableError(new NotInTimeError(`No answer within ${timeout} ms.`));
    const giveUp = () => setImmediate(() => reject(late()));
    const timer = setTimeout(giveUp, timeout);
    answer.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}
