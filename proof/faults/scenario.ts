/** How much of a scenario is played: all that the targets speak of, or as much as a test run has time for. */
export type Scale = 'full' | 'short';

/** One line of the table: what was measured on which store, beside its target. */
export interface Measurement {
  readonly what: string;
  readonly store: string;
  readonly measured: string;
  readonly target: string;
  readonly isMet: boolean;
}

/** Starts what it needs, makes trouble, and says what it saw; what it started is stopped whatever happens. */
export interface Scenario {
  readonly title: string;
  /** `kills` is how often the outbox is killed on each store, if not as often as the scale says. */
  play(scale: Scale, kills?: number): Promise<Measurement[]>;
}
