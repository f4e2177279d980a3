import type { SweepStep } from '../common/sweeper.js';
import type { Position } from '../common/cursor.js';
import type { EndReason, Ending, SessionEntry, SessionKind, StoredSession } from './session.js';

/**
 * How many live sessions of one user and credential version there may be, and which give way. Access tokens count among
 * themselves, and all other sessions among themselves.
 */
export interface SessionLimit {
  readonly max: number;
  readonly policy: 'evict_oldest' | 'refuse';
}

/** A new confirmation of the password, and the new end of the session. */
export interface Proof {
  readonly authenticatedAt: Date;
  readonly expiresAt: Date;
}

/** Which live sessions of a user to list. */
export interface SessionQuery {
  readonly limit: number;
  /** The last session of the previous page; null for the first page. */
  readonly after: Position | null;
  /** Null for any. */
  readonly kind: SessionKind | null;
  /** Null for any. */
  readonly credentialVersion: number | null;
}

export const ALL_SESSIONS: SessionQuery = {
  limit: Infinity,
  after: null,
  kind: null,
  credentialVersion: null,
};

export type InsertResult =
  | {
      readonly outcome: 'inserted';
      /** The ids of those that gave way, oldest first. */
      readonly evicted: readonly string[];
    }
  | { readonly outcome: 'refused' };

/** The store finds the sessions of a user by the tag in their ids, which this id does not have. */
export class UntaggedIdError extends Error {
  override readonly name = 'UntaggedIdError';

  constructor() {
    super(
      "The id of the session does not have the tag of its user, by which this store finds a user's sessions.",
    );
  }
}

/** How long the end of a session can still be looked up: one day, in milliseconds. */
export const ENDING_KEPT_FOR = 24 * 60 * 60 * 1000;

/**
 * Where sessions are kept. Every method is one atomic step and says what it did.
 *
 * A session is live while it is not ended and `now < expiresAt`; expired, ended and unknown are the same to `find`.
 * Deleting is housekeeping only: an ended session stays ended, deleted or not. Methods return copies.
 * A store that cannot answer throws `StoreUnavailableError`, soon; no error of a driver crosses it.
 */
export abstract class SessionStore {
  /** Whether sessions outlive this process and are shared with every other one. */
  abstract readonly durable: boolean;
  /**
   * Rejects if the id is taken. Under a limit, of any number of parallel inserts exactly `max` are live in the end;
   * sessions of an older credential version neither count nor give way, nor do access tokens for other sessions or
   * other sessions for access tokens.
   */
  abstract insert(session: StoredSession, limit?: SessionLimit): Promise<InsertResult>;
  abstract find(id: string, now: Date): Promise<StoredSession | null>;
  /**
   * The live sessions of a user that a query asks for, newest first, and those of one instant in an order of the store's own.
   * The time it takes depends on the page, not on how many sessions there are.
   */
  abstract findByUser(userId: string, now: Date, query?: SessionQuery): Promise<StoredSession[]>;
  /** Notes a use. False if the session is not live at `seenAt` or was seen later: it never brings one back. */
  abstract touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean>;
  /**
   * Replaces the secret's hash if it is `from`, and notes a use and the proof that was given: of two racing callers one is
   * told `true`.
   */
  abstract rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean>;
  /** Calls a live session something else, or nothing. */
  abstract rename(id: string, label: string | null, now: Date): Promise<boolean>;
  /** Ends a live session. Of two racing callers one is told `true`. */
  abstract end(id: string, reason: EndReason, now: Date): Promise<boolean>;
  /** Ends all live sessions of a user but `exceptId`, and says which those were, in no order. */
  abstract endAll(userId: string, reason: EndReason, now: Date, exceptId?: string): Promise<string[]>;
  /** Why a session is over, for a day after it ended or expired; null for a live or unknown one. */
  abstract endingOf(id: string, now: Date): Promise<Ending | null>;
  /** One step of a sweep: goes on where the last one stopped, and forgets up to `limit` sessions that are over for a day. */
  abstract sweep(now: Date, limit: number): Promise<SweepStep>;
  /**
   * All that is not forgotten, be it live or over, in no order. What changes meanwhile is seen as it was or as it is, and
   * perhaps twice; what is there all the time is not left out.
   */
  abstract entries(): AsyncIterable<SessionEntry>;
}
