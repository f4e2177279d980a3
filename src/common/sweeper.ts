import { setTimeout as delay } from 'node:timers/promises';
import { Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';

/** The result of one step of a sweep. */
export interface SweepStep {
  readonly forgotten: number;
  /** Whether this step completes the sweep. */
  readonly isLast: boolean;
}

/** Deletes expired entries at intervals. Works at most half of the time, so that requests are served. */
export abstract class Sweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(this.constructor.name);
  readonly #interval: number;
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  /** `interval` is in milliseconds, plus or minus a fifth. */
  constructor(interval: number) {
    this.#interval = interval;
  }

  protected abstract step(): Promise<SweepStep>;

  onApplicationBootstrap(): void {
    this.#schedule();
  }

  onApplicationShutdown(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Sweeps once through all entries and returns the number of deleted ones. */
  async sweep(): Promise<number> {
    let total = 0;
    for (let isLast = false; !isLast && !this.#isStopped;) {
      const started = performance.now();
      const step = await this.step();
      total += step.forgotten;
      isLast = step.isLast;
      await delay(performance.now() - started, undefined, { ref: false });
    }
    return total;
  }

  #schedule(): void {
    const jitter = 0.8 + 0.4 * Math.random();
    this.#timer = setTimeout(() => void this.#run(), this.#interval * jitter).unref();
  }

  async #run(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#logger.warn(
        `Could not delete expired entries, and will try again: ${error instanceof Error ? error.message : 'unknown error'}`,
      );
    }
    if (!this.#isStopped) this.#schedule();
  }
}
