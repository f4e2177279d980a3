/**
 * Failure counters as short texts with an expiry, and compare-and-set. Every method is one atomic step over all processes. An
 * expired text is absent. No text is empty. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class ThrottleStore {
  /** The texts under these keys, in the same order; null if there is none. */
  abstract read(keys: readonly string[], now: Date): Promise<(string | null)[]>;
  /** Sets a text that expires at `until` if the current text is `from` (null: none). Returns whether this call set it. */
  abstract swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean>;
}
