import { StoreUnavailableError } from './domain-error.js';

/** How often a step is tried while other requests change the same value. */
const MOST_TRIES = 100;

/**
 * Repeats a compare-and-set step until its result is not null, which means that another request changed the value in between. Throws
 * `StoreUnavailableError` after 100 tries.
 */
export async function untilStored<T>(step: () => Promise<T | null>): Promise<T> {
  for (let tries = 0; tries < MOST_TRIES; tries += 1) {
    const result = await step();
    if (result !== null) return result;
  }
  throw new StoreUnavailableError(new Error('Other requests changed the same value in each of 100 tries.'));
}
