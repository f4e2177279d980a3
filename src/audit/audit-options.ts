const DAY = 86_400_000;

/** What the audit module needs to know, in milliseconds; each value left out is the one below. */
export class AuditOptions {
  /** For how long events are kept. */
  readonly retention: number = 90 * DAY;
  /** Between two sweeps, give or take a fifth. */
  readonly sweepInterval: number = 3_600_000;

  constructor(options: Partial<AuditOptions> = {}) {
    Object.assign(this, options);
  }
}
