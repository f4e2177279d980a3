/** Of how many verifications the longest counts. */
const REMEMBERED = 100;

/**
 * Lets verifications take the same time, whatever the hash is: one that is older than today's parameters, or of another
 * scheme, must not tell its account from others.
 */
export class EvenTime {
  readonly #recent: number[] = [];
  #next = 0;

  /** Notes the milliseconds that a verification took, and tells how many it stays behind the longest of late. */
  note(took: number): number {
    this.#recent[this.#next] = took;
    this.#next = (this.#next + 1) % REMEMBERED;
    return Math.max(...this.#recent) - took;
  }
}
