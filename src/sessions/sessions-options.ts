import { LONGEST_WAIT } from '../common/duration.js';
import { type Given, type RulesOf, assignOptions, integer, milliseconds, oneOf } from '../common/options.js';
import type { SessionLimit } from './session-store.js';

export const MAX_ACCESS_TOKENS = integer(1, 10_000);

export const LIMIT_POLICY = oneOf(['evict_oldest', 'refuse'] satisfies SessionLimit['policy'][]);

const RULES: RulesOf<SessionsOptions> = {
  limit: { max: integer(1), policy: LIMIT_POLICY },
  maxAccessTokens: MAX_ACCESS_TOKENS,
  sweepInterval: milliseconds(LONGEST_WAIT),
};

/** What the sessions module needs to know; each value left out is the one below. */
export class SessionsOptions {
  /** How many sessions a user may have at once, access tokens aside, or null for any number. */
  readonly limit: SessionLimit | null = null;
  /** How many live access tokens a user may have; one more is refused. */
  readonly maxAccessTokens: number = 100;
  /** Milliseconds between two sweeps, give or take a fifth. */
  readonly sweepInterval: number = 600_000;

  constructor(options: Given<SessionsOptions> = {}) {
    assignOptions(this, 'SessionsOptions', options, RULES);
  }
}
