/** The number of live sessions among some of a store. */
export interface LivePage {
  readonly live: number;
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/** A store whose live sessions can be counted in small steps, which hold up no other call. */
export interface CountsLive {
  /** Counts among about `limit` sessions from a place, or from the beginning (null). Sessions that exist the whole time are counted once. */
  countLive(now: Date, from: string | null, limit: number): Promise<LivePage>;
}

export function countsLive(store: object): store is CountsLive {
  return typeof (store as Partial<CountsLive>).countLive === 'function';
}
