/**
 * Small texts that count something, each under a key and until a time, from which on it is not there. Every method is one
 * atomic step, in however many processes. No text is empty. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class ThrottleStore {
  /** The texts under these keys, in their order; null where there is none. */
  abstract read(keys: readonly string[], now: Date): Promise<(string | null)[]>;
  /** Sets a text that lasts until `until` if the one that is there is `from`, null for none; true if this call did it. */
  abstract swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean>;
}
