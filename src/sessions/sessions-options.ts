import type { SessionLimit } from './session-store.js';

/** What the sessions module needs to know; each value left out is the one below. */
export class SessionsOptions {
  /** How many sessions a user may have at once, or null for any number. */
  readonly limit: SessionLimit | null = null;
  /** Milliseconds between two sweeps, give or take a fifth. */
  readonly sweepInterval: number = 600_000;

  constructor(options: Partial<SessionsOptions> = {}) {
    Object.assign(this, options);
  }
}
