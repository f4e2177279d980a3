import { Clock } from '../common/clock.js';
import { parseDuration } from '../common/duration.js';

/** A clock that changes only through `advance`. */
export class FakeClock extends Clock {
  #now: number;

  constructor(now = new Date('2026-01-01T12:00:00.000Z')) {
    super();
    this.#now = now.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  /** Moves the clock forward by a number of milliseconds, or by a text such as `31m`. Throws if it is neither. */
  advance(duration: number | string): void {
    const ms = typeof duration === 'string' ? parseDuration(duration) : duration;
    if (!Number.isFinite(ms))
      throw new Error(
        `Not a duration: ${duration}. Use a number of milliseconds, or a text such as 500ms, 90s, 31m, 12h or 7d.`,
      );
    this.#now += ms;
  }
}
