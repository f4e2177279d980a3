import type { SessionLimit } from './session-store.js';

/** What the sessions module needs to know; each value left out is the one below. */
export class SessionsOptions {
  /** How many sessions a user may have at once, access tokens aside, or null for any number. */
  readonly limit: SessionLimit | null = null;
  /** How many live access tokens a user may have; one more is refused. */
  readonly maxAccessTokens: number = 100;
  /** Milliseconds between two sweeps, give or take a fifth. */
  readonly sweepInterval: number = 600_000;

  constructor(options: Partial<SessionsOptions> = {}) {
    Object.assign(this, options);
  }
}
