/** How many durations of a kind are kept, and how many of the longest are ignored as outliers. */
const REMEMBERED = 100;
const HICCUPS = 2;

/** Verifications after which a kind that does not occur is dropped. */
const FORGOTTEN_AFTER = 1000;

interface Kind {
  readonly times: readonly number[];
  readonly lastMet: number;
}

/**
 * Lets verifications take the same time, whatever the hash is: one that is older than today's parameters, or of another
 * algorithm, must not tell its account from others.
 */
export class EvenTime {
  readonly #kinds = new Map<string, Kind>();
  #count = 0;

  /**
   * Notes the milliseconds that a verification took, whose kind is what it asks for, and tells how many it stays behind the
   * slowest kind of late.
   */
  note(kind: string, took: number): number {
    this.#count += 1;
    const times = [...(this.#kinds.get(kind)?.times ?? []), took].slice(-REMEMBERED);
    this.#kinds.set(kind, { times, lastMet: this.#count });
    for (const [one, { lastMet }] of this.#kinds)
      if (this.#count - lastMet >= FORGOTTEN_AFTER) this.#kinds.delete(one);
    const slowest = Math.max(...[...this.#kinds.values()].map(usualTime));
    return Math.max(0, slowest - took);
  }
}

/** The longest duration without the outliers. */
function usualTime({ times }: Kind): number {
  const hiccups = Math.floor((times.length * HICCUPS) / REMEMBERED);
  return times.toSorted((a, b) => b - a)[hiccups]!;
}
