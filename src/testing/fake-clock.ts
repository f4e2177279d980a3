import { Clock } from '../common/clock.js';

/** A clock that stands still until it is moved. */
export class FakeClock extends Clock {
  #now: number;

  constructor(now = new Date('2026-01-01T12:00:00.000Z')) {
    super();
    this.#now = now.getTime();
  }

  now(): Date {
    return new Date(this.#now);
  }

  /** Moves on by milliseconds. */
  advance(ms: number): void {
    this.#now += ms;
  }
}
