import type { Change, TextTable } from './text-table.js';

/** How many texts each write checks for expiry, so that expired texts do not accumulate. */
const LOOKED_AT = 2;

/** Texts in the memory of this process. No method awaits between read and write. */
export class MemoryTextTable implements TextTable {
  readonly #entries = new Map<string, { readonly text: string; readonly until: Date }>();
  #clearing = this.#entries.entries();

  async read(keys: readonly string[], now: Date): Promise<(string | null)[]> {
    return this.#read(keys, now);
  }

  async change<T>(_subject: string, begin: () => Change<T>, now: Date): Promise<T> {
    const change = begin();
    let step = change.next();
    while (!step.done) step = change.next(this.#read(step.value, now));
    const { outcome, writes } = step.value;
    for (const { key, text, until } of writes) {
      this.#entries.set(key, { text, until });
      this.#clear(now);
    }
    return outcome;
  }

  #read(keys: readonly string[], now: Date): (string | null)[] {
    return keys.map((key) => {
      const entry = this.#entries.get(key);
      return entry && now < entry.until ? entry.text : null;
    });
  }

  /** One step, which continues where the last one stopped. */
  #clear(now: Date): void {
    for (let looked = 0; looked < LOOKED_AT; looked += 1) {
      const { value, done } = this.#clearing.next();
      if (done) {
        this.#clearing = this.#entries.entries();
        return;
      }
      const [key, { until }] = value;
      if (until <= now) this.#entries.delete(key);
    }
  }
}
