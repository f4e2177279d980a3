import type { OutboxMail } from './outbox-mail.js';

/** A mail in the outbox. */
export interface StoredMail extends OutboxMail {
  /** How often sending it has failed. */
  readonly attempts: number;
  /** When it is tried next; null if it is not tried any more. */
  readonly nextAt: Date | null;
  /** Why the last attempt failed; null before the first. */
  readonly error: string | null;
}

/** The mails to list: those that wait, those that are not tried any more, or all (null). */
export type MailState = 'waiting' | 'failed' | null;

/**
 * Stores mails until they are sent. It is kept where the users are. Every method is one atomic step over all processes and returns
 * copies. A mail that cannot be read is skipped. A store that cannot answer throws `StoreUnavailableError`.
 */
export abstract class OutboxStore {
  /** Whether `store` adds the mails that are passed to its methods in the same step as its change. */
  abstract joins(store: object): boolean;
  /** Adds mails that are tried from their `createdAt`. */
  abstract add(mails: readonly OutboxMail[]): Promise<void>;
  /**
   * Takes or renews the right to send until `until`, and returns up to `limit` due mails, the longest due first; null while another
   * process has the right. If none is due, takes no right and returns none. Mails stay due until `remove` or `postpone`.
   */
  abstract claim(holder: string, now: Date, until: Date, limit: number): Promise<StoredMail[] | null>;
  /** Gives back the right to send, so that another process does not have to wait for its end. */
  abstract release(holder: string): Promise<void>;
  /** Deletes a mail that was sent or is not needed any more. False if there is none. */
  abstract remove(id: string): Promise<boolean>;
  /** Counts a failed attempt. The mail is tried again at `nextAt`, or not any more if it is null. False if there is no such mail. */
  abstract postpone(id: string, nextAt: Date | null, error: string): Promise<boolean>;
  /** Makes mails due: one, or all that are not tried any more (null). Their attempts are counted from zero. Returns their number. */
  abstract retry(id: string | null, now: Date): Promise<number>;
  /** A page of mails in order of their ids, after an id. */
  abstract list(state: MailState, limit: number, after: string | null): Promise<StoredMail[]>;
  /** The number of mails in a state. */
  abstract count(state: MailState): Promise<number>;
  /** Deletes up to `limit` of the mails that are older than `before`, whatever their state. Returns their number. */
  abstract forget(before: Date, limit: number): Promise<number>;
}
