import { setTimeout as delay } from 'node:timers/promises';

/** Milliseconds for which a number from a store is used again. */
const VALIDITY = 10_000;

/** Milliseconds that a caller waits for a new number. */
const PATIENCE = 1_000;

/** A number that takes time to find. It is found when it is asked for, and used again for some seconds. */
export class SlowNumber {
  #value: number | null = null;
  #isReadable = true;
  #foundAt = -Infinity;
  #finding: Promise<void> | null = null;

  constructor(private readonly find: () => Promise<number>) {}

  /** The last number; null if there is none yet, or if it could not be found at the last try. */
  async value(): Promise<number | null> {
    if (this.#finding === null && performance.now() - this.#foundAt >= VALIDITY)
      this.#finding = this.#update();
    if (this.#finding !== null)
      await Promise.race([this.#finding, delay(PATIENCE, undefined, { ref: false })]);
    return this.#isReadable ? this.#value : null;
  }

  /** Whether the last try has found the number. */
  get isReadable(): boolean {
    return this.#isReadable;
  }

  async #update(): Promise<void> {
    try {
      this.#value = await this.find();
      this.#isReadable = true;
    } catch {
      this.#isReadable = false;
    }
    this.#foundAt = performance.now();
    this.#finding = null;
  }
}
