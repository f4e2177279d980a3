import { LONGEST_WAIT } from '../common/duration.js';
import { type Given, type RulesOf, assignOptions, flag, milliseconds } from '../common/options.js';

const DAY = 86_400_000;

const RULES: RulesOf<AuditOptions> = {
  retention: milliseconds(),
  sweepInterval: milliseconds(LONGEST_WAIT),
  routes: flag,
};

/** What the audit module needs to know, in milliseconds; each value left out is the one below. */
export class AuditOptions {
  /** For how long events are kept. */
  readonly retention: number = 90 * DAY;
  /** Between two sweeps, give or take a fifth. */
  readonly sweepInterval: number = 3_600_000;
  /** Whether the events can be listed at `/audit`. */
  readonly routes: boolean = true;

  constructor(options: Given<AuditOptions> = {}) {
    assignOptions(this, 'AuditOptions', options, RULES);
  }
}
