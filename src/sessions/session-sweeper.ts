import { setTimeout as delay } from 'node:timers/promises';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../common/clock.js';
import { SessionStore } from './session-store.js';
import { SessionsOptions } from './sessions-options.js';

/** How many sessions one step looks at. */
const STEP = 500;

/** Forgets, now and then, the sessions that are over for more than a day; at most half of the time, so that requests are served. */
@Injectable()
export class SessionSweeper implements OnApplicationBootstrap, OnApplicationShutdown {
  readonly #logger = new Logger(SessionSweeper.name);
  #timer: NodeJS.Timeout | null = null;
  #isStopped = false;

  constructor(
    private readonly store: SessionStore,
    private readonly clock: Clock,
    private readonly options: SessionsOptions,
  ) {}

  onApplicationBootstrap(): void {
    this.#schedule();
  }

  onApplicationShutdown(): void {
    this.#isStopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Sweeps once through all sessions, and says how many are forgotten. */
  async sweep(): Promise<number> {
    let total = 0;
    for (let isLast = false; !isLast && !this.#isStopped;) {
      const started = performance.now();
      const step = await this.store.sweep(this.clock.now(), STEP);
      total += step.forgotten;
      isLast = step.isLast;
      await delay(performance.now() - started, undefined, { ref: false });
    }
    return total;
  }

  #schedule(): void {
    const jitter = 0.8 + 0.4 * Math.random();
    this.#timer = setTimeout(() => void this.#run(), this.options.sweepInterval * jitter).unref();
  }

  async #run(): Promise<void> {
    try {
      await this.sweep();
    } catch (error) {
      this.#logger.warn(`Could not sweep: ${error instanceof Error ? error.message : 'unknown error'}`);
    }
    if (!this.#isStopped) this.#schedule();
  }
}
