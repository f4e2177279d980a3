import type { OutboxMail } from '../mail/outbox-mail.js';

/** What is stored of the second factors of a user. */
export interface FactorEntry {
  /** The user handle of WebAuthn: random, and different for each user. */
  readonly handle: string;
  /** The factors as text, which `FactorSet` reads. */
  readonly text: string;
}

/**
 * Second factors, under the id of their user. They are kept where the users are, so that they are as durable as users. Each method is
 * one atomic step. A store that cannot answer throws `StoreUnavailableError`: it never says that a user has no factors.
 */
export abstract class FactorStore {
  /** The factors of a user; null for none. */
  abstract find(userId: string): Promise<FactorEntry | null>;
  /** Id of the user who has this handle; null for none. */
  abstract ownerOf(handle: string): Promise<string | null>;
  /**
   * Sets the factors of a user if the current text is `from` (null: the user has none); `to` null removes them. Returns whether this
   * call changed something. Of racing callers, one gets true. Rejects if another user has the handle. A store that the outbox joins adds
   * `mails` in the same step.
   */
  abstract swap(
    userId: string,
    from: string | null,
    to: FactorEntry | null,
    mails?: readonly OutboxMail[],
  ): Promise<boolean>;
}
