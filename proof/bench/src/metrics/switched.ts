/** What metrics came to at a server. */
export interface Switched {
  /** CPU of a request with metrics ÷ without, of each pair of turns. */
  readonly ratios: readonly number[];
  /** Microseconds of its process for a request without metrics, the median of all turns. */
  readonly without: number;
  /** Microseconds of a scrape, beside the requests. */
  readonly scrape: number;
}
