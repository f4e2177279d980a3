/** What is known of the client that a session was opened for. */
export interface ClientFacts {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** The fact that a client is signed in as a user: safe to log, list and send. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  /** The user's `credentialVersion` at sign-in. */
  readonly credentialVersion: number;
  readonly createdAt: Date;
  readonly authenticatedAt: Date;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly client: ClientFacts;
}

export interface StoredSession extends Session {
  /** SHA-256 of the token's secret, base64url. */
  readonly secretHash: string;
}

/** Why a session was ended before its time. */
export type EndReason = 'signed_out' | 'evicted' | 'ended_by_admin' | 'password_changed' | 'user_disabled';

/** A session as it is kept, and how it was ended, if anybody ended it. */
export interface SessionEntry {
  readonly session: StoredSession;
  readonly ended: { readonly reason: EndReason; readonly at: Date } | null;
}

/** A session that is over, and since when; `expired` where nobody ended it. */
export interface Ending {
  readonly session: StoredSession;
  readonly reason: EndReason | 'expired';
  readonly at: Date;
}
