import { LONGEST_WAIT } from '../common/duration.js';
import { type Given, type RulesOf, assignOptions, flag, milliseconds } from '../common/options.js';

const DAY = 86_400_000;

const RULES: RulesOf<AuditOptions> = {
  retention: milliseconds(),
  sweepInterval: milliseconds(LONGEST_WAIT),
  routes: flag,
};

/** Options of the audit module, in milliseconds. The values below are the defaults. */
export class AuditOptions {
  /** How long events are kept. */
  readonly retention: number = 90 * DAY;
  /** Between two sweeps, plus or minus a fifth. */
  readonly sweepInterval: number = 3_600_000;
  /** Whether the events can be listed at `/audit`. */
  readonly routes: boolean = true;

  constructor(options: Given<AuditOptions> = {}) {
    assignOptions(this, 'AuditOptions', options, RULES);
  }
}
