/** What is known of the client that a session was opened for. */
export interface ClientFacts {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** How a client presents its token. A token that was issued for one transport is invalid in the other. */
export const TRANSPORTS = ['cookie', 'bearer'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Which limits hold: those of a sign-in, those of one that asked to be remembered, or an end that was chosen. */
export const SESSION_KINDS = ['session', 'remembered', 'access_token'] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

/** What a session may be used for: for reading alone, or for all that its user may do. */
export const SESSION_SCOPES = ['read', 'write'] as const;
export type SessionScope = (typeof SESSION_SCOPES)[number];

/** The fact that a client is signed in as a user: safe to log, list and send. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly kind: SessionKind;
  readonly transport: Transport;
  readonly scope: SessionScope;
  /** What its user calls it; null while it has no name. */
  readonly label: string | null;
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

/** Why a session was ended before its time; `ended_elsewhere` is by its user, from another session. */
export const END_REASONS = [
  'signed_out',
  'ended_elsewhere',
  'evicted',
  'ended_by_admin',
  'password_changed',
  'user_disabled',
  'user_deleted',
] as const;
export type EndReason = (typeof END_REASONS)[number];

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
