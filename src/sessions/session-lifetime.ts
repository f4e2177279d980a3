import { NEVER, later } from '../common/clock.js';
import type { Session } from './session.js';

/** In milliseconds; `Infinity` where there is no limit. */
export interface Limits {
  /** From the last use. */
  readonly idle: number;
  /** From the proof of the password, however busy the session is. */
  readonly absolute: number;
}

type Times = Pick<Session, 'authenticatedAt' | 'lastSeenAt'>;

/** The share of the idle limit after which use is written down, and the interval where there is no such limit. */
const TOUCHES_PER_IDLE_LIMIT = 20;
const TOUCH_INTERVAL = 60_000;

/** How long sessions live: the idle and the absolute limit hold side by side, whichever comes first. */
export class SessionLifetime {
  static readonly unlimited = new SessionLifetime({ idle: Infinity, absolute: Infinity });

  readonly #idle: number;
  readonly #absolute: number;

  constructor({ idle, absolute }: Limits) {
    this.#idle = idle;
    this.#absolute = absolute;
  }

  /** When the session ends unless it is used. */
  deadline(session: Times): Date {
    const idleEnd = end(session.lastSeenAt, this.#idle);
    const limit = this.limit(session);
    return idleEnd < limit ? idleEnd : limit;
  }

  /** When the session ends however much it is used. */
  limit(session: Times): Date {
    return end(session.authenticatedAt, this.#absolute);
  }

  /** Whether enough time has passed since the last note of use to write another. */
  isTouchDue(session: Times, now: Date): boolean {
    const interval = this.#idle === Infinity ? TOUCH_INTERVAL : this.#idle / TOUCHES_PER_IDLE_LIMIT;
    return now.getTime() - session.lastSeenAt.getTime() >= interval;
  }
}

function end(from: Date, ms: number): Date {
  return ms === Infinity ? NEVER : later(from, ms);
}
