import { ThrottleStore } from './throttle-store.js';

/** How many texts each write checks for expiry, so that expired texts do not accumulate. */
const LOOKED_AT = 2;

/** Counters in the memory of this process. They end with it and are not shared. */
export class MemoryThrottleStore extends ThrottleStore {
  readonly #tallies = new Map<string, { readonly text: string; readonly until: Date }>();
  #clearing = this.#tallies.entries();

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    return keys.map((key) => this.#at(key, now));
  }

  async swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean> {
    if (this.#at(key, now) !== from) return false;
    this.#tallies.set(key, { text: to, until });
    this.#clear(now);
    return true;
  }

  #at(key: string, now: Date): string | null {
    const tally = this.#tallies.get(key);
    return tally && now < tally.until ? tally.text : null;
  }

  /** One step, which continues where the last one stopped. */
  #clear(now: Date): void {
    for (let looked = 0; looked < LOOKED_AT; looked += 1) {
      const { value, done } = this.#clearing.next();
      if (done) {
        this.#clearing = this.#tallies.entries();
        return;
      }
      const [key, { until }] = value;
      if (until <= now) this.#tallies.delete(key);
    }
  }
}
