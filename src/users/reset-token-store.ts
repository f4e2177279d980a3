/**
 * One short text for each user with a reset token, until an instant. It is kept where the users are, so that tokens are as durable
 * as users. An expired or unreadable text is absent. No text is empty. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class ResetTokenStore {
  /** The text under a key, or null. */
  abstract read(key: string, now: Date): Promise<string | null>;
  /**
   * Sets a text that expires at `until` if the current text is `from` (null: none). Returns whether this call set it. It is one
   * atomic step over all processes.
   */
  abstract swap(key: string, from: string | null, to: string, until: Date, now: Date): Promise<boolean>;
}
