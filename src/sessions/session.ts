import type { EndReason } from './endings.js';
import type { Proofs } from './proofs.js';

/** The client at sign-in; null for what is unknown. */
export interface ClientFacts {
  readonly ip: string | null;
  readonly userAgent: string | null;
}

/** The user to whom sessions belong, and their credential version. */
export interface SessionOwner {
  readonly id: string;
  readonly credentialVersion: number;
}

/** How a client presents its token. A token that was issued for one transport is invalid in the other. */
export const TRANSPORTS = ['cookie', 'bearer'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Kinds of sessions: with the usual limits, with the limits of remembered sign-ins, or with a fixed expiry. */
export const SESSION_KINDS = ['session', 'remembered', 'access_token'] as const;
export type SessionKind = (typeof SESSION_KINDS)[number];

/** What a session permits: reading only, or everything that its user may do. */
export const SESSION_SCOPES = ['read', 'write'] as const;
export type SessionScope = (typeof SESSION_SCOPES)[number];

/** A session without its secret. Safe to log, list and send. */
export interface Session {
  readonly id: string;
  readonly userId: string;
  readonly kind: SessionKind;
  readonly transport: Transport;
  readonly scope: SessionScope;
  /** The name that its user has given to it, or null. */
  readonly label: string | null;
  /** The user's `credentialVersion` at sign-in. */
  readonly credentialVersion: number;
  readonly createdAt: Date;
  /** When the person last showed who they are. */
  readonly authenticatedAt: Date;
  /** How, and when each way was used last; of an access token, the second factors that were used before it was made. */
  readonly proofs: Proofs;
  readonly lastSeenAt: Date;
  readonly expiresAt: Date;
  readonly client: ClientFacts;
}

export interface StoredSession extends Session {
  /** SHA-256 of the token's secret, base64url. */
  readonly secretHash: string;
}

/** A stored session, and how it was ended; null if it is live or has expired. */
export interface SessionEntry {
  readonly session: StoredSession;
  readonly ended: { readonly reason: EndReason; readonly at: Date } | null;
}

/** A session, and how it ended; null for a live one. The reason is `expired` if nobody ended it. */
export interface SessionState {
  readonly session: StoredSession;
  readonly ending: Omit<Ending, 'session'> | null;
}

/** An ended session, with reason and time. The reason is `expired` if nobody ended it. */
export interface Ending {
  readonly session: StoredSession;
  readonly reason: EndReason | 'expired';
  readonly at: Date;
}
