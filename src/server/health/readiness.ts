import { Injectable, Logger } from '@nestjs/common';
import { Clock } from '../../common/clock.js';
import { StoreUnavailableError } from '../../common/domain-error.js';
import { Connections } from '../../storage/connections.js';
import { reasonOf, writeTo } from '../../storage/write-probe.js';

/** Milliseconds for which an answer holds: anybody may ask, and each answer costs every store a write. */
const VALIDITY = 1_000;

/** Whether every store can be written now, as a sign-in writes it. */
@Injectable()
export class Readiness {
  readonly #logger = new Logger('Readiness');
  #answer: Promise<void> | null = null;
  #answeredAt = -Infinity;
  #isReady = true;

  constructor(
    private readonly connections: Connections,
    private readonly clock: Clock,
  ) {}

  /** Throws a `StoreUnavailableError` unless every store was written within the last second. */
  check(): Promise<void> {
    if (performance.now() >= this.#answeredAt + VALIDITY) this.#answer = null;
    this.#answer ??= this.#probe();
    return this.#answer;
  }

  async #probe(): Promise<void> {
    this.#answeredAt = Infinity;
    try {
      await Promise.all(this.connections.backends.map((backend) => writeTo(backend, this.clock.now())));
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
