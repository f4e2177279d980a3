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

/** Options of the sessions module. The values below are the defaults. Throws `OptionsError` if one is not valid. */
export class SessionsOptions {
  /** Limit of live sessions per user, without access tokens; null for none. */
  readonly limit: SessionLimit | null = null;
  /** Maximum number of live access tokens per user. One more is refused. */
  readonly maxAccessTokens: number = 100;
  /** Milliseconds between two sweeps, plus or minus a fifth. */
  readonly sweepInterval: number = 600_000;

  constructor(options: Given<SessionsOptions> = {}) {
    assignOptions(this, 'SessionsOptions', options, RULES);
  }
}
