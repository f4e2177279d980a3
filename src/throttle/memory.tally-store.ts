import { TallyStore } from './tally-store.js';

/** Texts that are set between two clearances of what is over. */
const CLEARANCE = 1000;

/** Tallies in the memory of this process: gone with it, and shared with no other. */
export class MemoryTallyStore extends TallyStore {
  readonly #tallies = new Map<string, { readonly text: string; readonly until: Date }>();
  #swaps = 0;

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    return keys.map((key) => this.#at(key, now));
  }

  async swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean> {
    if (this.#at(key, now) !== from) return false;
    this.#tallies.set(key, { text: to, until });
    this.#swaps += 1;
    if (this.#swaps % CLEARANCE === 0) this.#clear(now);
    return true;
  }

  #at(key: string, now: Date): string | null {
    const tally = this.#tallies.get(key);
    return tally && now < tally.until ? tally.text : null;
  }

  #clear(now: Date): void {
    for (const [key, { until }] of this.#tallies) if (until <= now) this.#tallies.delete(key);
  }
}
