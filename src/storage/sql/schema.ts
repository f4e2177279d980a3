import type { MailKind } from '../../mail/outbox-mail.js';
import type { SessionKind, SessionScope, Transport } from '../../sessions/session.js';

/** The tables after the last migration. Times are epoch milliseconds. */
export interface Schema {
  users: {
    id: string;
    email: string;
    email_key: string;
    first_name: string | null;
    last_name: string | null;
    /** The key of the full name, with the last name first. */
    by_last_name: string;
    /** The key of the full name, with the first name first. */
    by_first_name: string;
    role: string;
    disabled: number;
    password_hash: string;
    credential_version: number;
    created_at: number;
    updated_at: number;
    email_verified_at: number | null;
  };
  /** Of users of an application's own directory. */
  credentials: {
    user_id: string;
    password_hash: string | null;
    version: number;
    created_at: number;
    updated_at: number;
  };
  sessions: {
    /** The session id with the tag of the user moved to the front; see `keyOf`. */
    key: string;
    user_id: string;
    secret_hash: string;
    credential_version: number;
    created_at: number;
    authenticated_at: number;
    last_seen_at: number;
    expires_at: number;
    /** Null unless the session was ended; also null if it expired. */
    ended_at: number | null;
    end_reason: string | null;
    /** When the row may be swept. */
    forget_at: number;
    ip: string | null;
    user_agent: string | null;
    kind: SessionKind;
    transport: Transport;
    scope: SessionScope;
    label: string | null;
    /** Null for a password that was given at `authenticated_at`. */
    proofs: string | null;
    /** 1 where the key does not begin with the tag of the user; otherwise null. */
    without_tag: number | null;
  };
  tallies: {
    key: string;
    text: string;
    /** When the counter expires. */
    until: number;
  };
  audit_events: {
    id: string;
    at: number;
    count: number;
    /** Null in rows of versions that did not count repetitions. */
    last_at: number | null;
    type: string;
    via: string;
    actor_id: string | null;
    subject_id: string | null;
    session_id: string | null;
    ip: string | null;
    user_agent: string | null;
    request_id: string | null;
    /** JSON. */
    details: string;
    /** The reason in the details; null if there is none. */
    reason: string | null;
  };
  outbox: {
    id: string;
    kind: MailKind;
    recipient: string;
    user_id: string | null;
    language: string;
    /** JSON. */
    facts: string;
    created_at: number;
    attempts: number;
    /** Null if the mail is not tried any more. */
    next_at: number | null;
    error: string | null;
  };
  /** The second factors of users, also of those of an application's own directory. */
  factors: {
    user_id: string;
    /** The user handle of WebAuthn. */
    handle: string;
    /** JSON. */
    factors: string;
  };
  /** The processes that sweep the sessions and send the mails now. */
  sweep_lease: {
    subject: string;
    holder: string;
    until: number;
  };
}
