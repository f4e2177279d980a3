import type { SweepStep } from '../common/sweeper.js';
import type { Proofs } from './proofs.js';
import type { Position } from '../common/cursor.js';
import type { EndReason } from './endings.js';
import type { Ending, SessionEntry, SessionKind, SessionState, StoredSession } from './session.js';

/**
 * The maximum number of live sessions of one user and credential version, and what happens above it. Access tokens and
 * other sessions are counted separately.
 */
export interface SessionLimit {
  readonly max: number;
  readonly policy: 'evict_oldest' | 'refuse';
}

/** A new proof of who the person is, all proofs with it, and the new end of the session. */
export interface Proof {
  readonly authenticatedAt: Date;
  readonly proofs: Proofs;
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
      /** The ids of the sessions that were ended for this one, oldest first. */
      readonly evicted: readonly string[];
    }
  | { readonly outcome: 'refused' };

/** The session id does not contain the tag of its user, which this store needs. */
export class UntaggedIdError extends Error {
  override readonly name = 'UntaggedIdError';

  constructor() {
    super(
      "The id of the session does not have the tag of its user, by which this store finds a user's sessions.",
    );
  }
}

/** Milliseconds for which the reason of an ended session can be looked up: one day. */
export const ENDING_KEPT_FOR = 24 * 60 * 60 * 1000;

/**
 * Stores sessions. Every method is one atomic step and returns a copy or what it did.
 *
 * A session is live while it is not ended and `now < expiresAt`. An ended session never becomes live again, also after its row was deleted. A store that cannot answer in time throws
 * `StoreUnavailableError`; errors of its driver never reach the caller.
 */
export abstract class SessionStore {
  /** Whether sessions survive a restart and are shared between processes. */
  abstract readonly durable: boolean;
  /**
   * Rejects if the id is taken. With a limit, exactly `max` sessions are live after any number of parallel inserts.
   * Sessions of an older credential version are not counted and not evicted; access tokens and other sessions are
   * counted separately. The session `replacedId` is ended as signed out first, so it is not counted: in the same step, or in
   * one before where the sessions of two users are apart.
   */
  abstract insert(session: StoredSession, limit?: SessionLimit, replacedId?: string): Promise<InsertResult>;
  /** A live session, or one that ended or expired within a day; null for an unknown one. */
  abstract stateOf(id: string, now: Date): Promise<SessionState | null>;

  /** The live session of this id. */
  async find(id: string, now: Date): Promise<StoredSession | null> {
    const state = await this.stateOf(id, now);
    return state && !state.ending ? state.session : null;
  }

  /** Why and when a session ended or expired, for a day afterwards; null for a live or unknown session. */
  async endingOf(id: string, now: Date): Promise<Ending | null> {
    const state = await this.stateOf(id, now);
    return state?.ending ? { session: state.session, ...state.ending } : null;
  }

  /**
   * The live sessions of a user that match the query, newest first; sessions of the same instant in any fixed order. Takes
   * time in proportion to the page, not to the number of sessions.
   */
  abstract findByUser(userId: string, now: Date, query?: SessionQuery): Promise<StoredSession[]>;
  /** Records a use and the new expiry. False, without a change, if the session is not live or has a later use. */
  abstract touch(id: string, seenAt: Date, expiresAt: Date): Promise<boolean>;
  /**
   * Replaces the secret hash `from` by `to`, and records a use and the proof. False, without a change, if the session is
   * not live or has another hash. Of two racing callers, one gets `true`.
   */
  abstract rotate(id: string, from: string, to: string, now: Date, proof?: Proof): Promise<boolean>;
  /** Sets or removes the label of a live session. False if it is not live. */
  abstract rename(id: string, label: string | null, now: Date): Promise<boolean>;
  /** Ends a live session. False if it is not live. Of two racing callers, one gets `true`. */
  abstract end(id: string, reason: EndReason, now: Date): Promise<boolean>;
  /** Ends all live sessions of a user except `exceptId`. Returns the ids of the ended ones in any order. */
  abstract endAll(userId: string, reason: EndReason, now: Date, exceptId?: string): Promise<string[]>;
  /** One step of a sweep: continues after the previous step and deletes up to `limit` sessions that ended a day ago. */
  abstract sweep(now: Date, limit: number): Promise<SweepStep>;
  /**
   * All stored sessions, live or ended, in any order. A session that changes during the iteration may occur twice, in its
   * old or new state. Sessions that exist the whole time all occur.
   */
  abstract entries(): AsyncIterable<SessionEntry>;
}
