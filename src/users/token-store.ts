import type { OutboxMail } from '../mail/outbox-mail.js';

/**
 * Short texts under keys, each until an instant: one-time tokens of users and what is counted with them. They are kept where the
 * users are, so that tokens are as durable as users. An expired or unreadable text is absent. No text is empty. A store that
 * cannot answer throws `StoreUnavailableError`.
 */
export abstract class TokenStore {
  /** The text under a key, or null. */
  abstract read(key: string, now: Date): Promise<string | null>;
  /**
   * Sets a text that expires at `until` if the current text is `from` (null: none). Returns whether this call set it. It is one
   * atomic step over all processes. A text with an expiry of `now` removes the current one. A store that the outbox joins adds
   * `mails` in the same step.
   */
  abstract swap(
    key: string,
    from: string | null,
    to: string,
    until: Date,
    now: Date,
    mails?: readonly OutboxMail[],
  ): Promise<boolean>;
}
