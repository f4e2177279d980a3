/** How many durations of each kind are kept, and how many of the longest are ignored as outliers. */
const REMEMBERED = 100;
const OUTLIERS = 2;

/** How many verifications later a kind that no longer occurs is dropped. */
const FORGOTTEN_AFTER = 1000;

interface Kind {
  readonly times: readonly number[];
  readonly lastMet: number;
}

/**
 * Computes delays that make all verifications take the same time, so that response times do not reveal which accounts have a
 * hash with older parameters or of another algorithm.
 */
export class EvenTime {
  readonly #kinds = new Map<string, Kind>();
  #count = 0;

  /**
   * Records how many milliseconds a verification took, and returns by how many it must be delayed. Verifications of one
   * `kind` have the same parameters.
   */
  note(kind: string, took: number): number {
    this.#count += 1;
    const times = [...(this.#kinds.get(kind)?.times ?? []), took].slice(-REMEMBERED);
    this.#kinds.set(kind, { times, lastMet: this.#count });
    for (const [one, { lastMet }] of this.#kinds)
      if (this.#count - lastMet >= FORGOTTEN_AFTER) this.#kinds.delete(one);
    const slowest = Math.max(...[...this.#kinds.values()].map(longestTime));
    return Math.max(0, slowest - took);
  }
}

/** The longest duration without the outliers. */
function longestTime({ times }: Kind): number {
  const outliers = Math.floor((times.length * OUTLIERS) / REMEMBERED);
  return times.toSorted((a, b) => b - a)[outliers]!;
}
