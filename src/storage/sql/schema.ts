import type { SessionKind, SessionScope, Transport } from '../../sessions/session.js';

/** The tables as they are after the last migration; instants are epoch milliseconds. */
export interface Schema {
  users: {
    id: string;
    email: string;
    email_key: string;
    first_name: string | null;
    last_name: string | null;
    role: 'user' | 'admin';
    disabled: number;
    password_hash: string;
    credential_version: number;
    created_at: number;
    updated_at: number;
  };
  sessions: {
    /** The id, the part of it first in which the user's tag is. */
    key: string;
    user_id: string;
    secret_hash: string;
    credential_version: number;
    created_at: number;
    authenticated_at: number;
    last_seen_at: number;
    expires_at: number;
    /** Null while nobody ended it. */
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
    /** 1 where the key does not begin with the tag of the user; otherwise null. */
    without_tag: number | null;
  };
  tallies: {
    key: string;
    text: string;
    /** From when on the row counts as none. */
    until: number;
  };
  audit_events: {
    id: string;
    at: number;
    count: number;
    /** Null where an earlier version wrote it, which knew no repetitions. */
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
  };
  /** Which process sweeps, so that the others need not. */
  sweep_lease: {
    subject: string;
    holder: string;
    until: number;
  };
}
