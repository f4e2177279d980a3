import { NEVER, later } from '../common/clock.js';
import type { Session } from './session.js';

/** Limits in milliseconds; `Infinity` for none. */
export interface Limits {
  /** From the last use. */
  readonly idle: number;
  /** From the last confirmation of the password. */
  readonly absolute: number;
}

type Times = Pick<Session, 'kind' | 'authenticatedAt' | 'lastSeenAt' | 'expiresAt'>;

const UNLIMITED: Limits = { idle: Infinity, absolute: Infinity };

/** The share of the idle limit after which a use is recorded, and the interval without an idle limit. */
const TOUCHES_PER_IDLE_LIMIT = 20;
const TOUCH_INTERVAL = 60_000;

/**
 * Computes when sessions expire: at the idle or the absolute limit of their kind, whichever comes first. Access tokens
 * expire only at their own `expiresAt`.
 */
export class SessionLifetime {
  static readonly unlimited = new SessionLifetime(UNLIMITED);

  constructor(
    private readonly limits: Limits,
    private readonly remembered: Limits = limits,
  ) {}

  /** When the session expires if it is not used again. */
  deadline(session: Times): Date {
    const idleEnd = end(session.lastSeenAt, this.#limitsOf(session).idle);
    const limit = this.limit(session);
    return idleEnd < limit ? idleEnd : limit;
  }

  /** When the session expires at the latest. */
  limit(session: Times): Date {
    if (session.kind === 'access_token') return session.expiresAt;
    return end(session.authenticatedAt, this.#limitsOf(session).absolute);
  }

  /** The stored or the computed expiry, whichever is earlier. They differ after the limits were changed. */
  endOf(session: Times): Date {
    const deadline = this.deadline(session);
    return deadline < session.expiresAt ? deadline : session.expiresAt;
  }

  /** Whether enough time has passed since the last recorded use to record another. */
  isTouchDue(session: Times, now: Date): boolean {
    const { idle } = this.#limitsOf(session);
    const interval = idle === Infinity ? TOUCH_INTERVAL : idle / TOUCHES_PER_IDLE_LIMIT;
    return now.getTime() - session.lastSeenAt.getTime() >= interval;
  }

  /** Whether the kind of the session has an idle limit. */
  hasIdleLimit(session: Times): boolean {
    return this.#limitsOf(session).idle !== Infinity;
  }

  #limitsOf({ kind }: Times): Limits {
    if (kind === 'access_token') return UNLIMITED;
    return kind === 'remembered' ? this.remembered : this.limits;
  }
}

function end(from: Date, ms: number): Date {
  return ms === Infinity ? NEVER : later(from, ms);
}
