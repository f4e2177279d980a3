import { Logger } from '@nestjs/common';
import type { Clock } from '../common/clock.js';
import { StoreUnavailableError } from '../common/domain-error.js';
import { type ProbedStores, reasonOf, writeTo } from './write-probe.js';

/** Milliseconds for which a result is cached, because health routes are public and each probe writes to every store. */
const VALIDITY = 1_000;

/** Checks the stores for a health route. Of stores that the application provides itself, users and sessions are only read. */
export class Readiness {
  readonly #logger = new Logger('Readiness');
  #answer: Promise<void> | null = null;
  #answeredAt = -Infinity;
  #isReady = true;

  constructor(
    private readonly stores: readonly ProbedStores[],
    private readonly clock: Clock,
  ) {}

  /** Throws `StoreUnavailableError`, a 503, if a store cannot be written. The result is at most one second old. */
  check(): Promise<void> {
    if (performance.now() >= this.#answeredAt + VALIDITY) this.#answer = null;
    this.#answer ??= this.#probe();
    return this.#answer;
  }

  async #probe(): Promise<void> {
    this.#answeredAt = Infinity;
    try {
      await Promise.all(this.stores.map((stores) => writeTo(stores, this.clock.now())));
      if (!this.#isReady) this.#logger.log('Ready again.');
      this.#isReady = true;
    } catch (error) {
      if (this.#isReady) this.#logger.warn(`Not ready: ${reasonOf(error)}`);
      this.#isReady = false;
      throw new StoreUnavailableError(error);
    } finally {
      this.#answeredAt = performance.now();
    }
  }
}
