import type { RecordedInitiator } from './initiator.js';

/** The types of security events; docs/audit.md says when each happens. */
export const AUDIT_TYPES = [
  'sign_in',
  'sign_in_failed',
  'sign_in_throttled',
  'sign_out',
  'session_opened',
  'session_rotated',
  'session_renamed',
  'session_ended',
  'second_step_begun',
  'second_step_failed',
  'factor_added',
  'factor_removed',
  'factors_reset',
  'recovery_codes_created',
  'passkey_copied',
  'step_up_demanded',
  'reauthenticated',
  'reauthentication_failed',
  'password_changed',
  'password_change_failed',
  'password_reset_requested',
  'password_reset_issued',
  'password_reset',
  'password_reset_failed',
  'email_verified',
  'email_change_requested',
  'email_changed',
  'email_change_cancelled',
  'email_token_refused',
  'mail_limited',
  'address_taken',
  'role_changed',
  'user_created',
  'user_invited',
  'user_disabled',
  'user_enabled',
  'user_deleted',
  'cross_site_refused',
  'right_refused',
  'setup_code_refused',
  'audit_exported',
] as const;

export type AuditType = (typeof AUDIT_TYPES)[number];

/** Why a sign-in failed or a session ended. */
export const AUDIT_REASONS = [
  'unknown_email',
  'wrong_password',
  'malformed',
  'email_not_verified',
  'second_factor_missing',
  'session_limit_reached',
  'signed_out',
  'ended_elsewhere',
  'evicted',
  'ended_by_admin',
  'password_changed',
  'factor_added',
  'user_disabled',
  'user_deleted',
  'revoked',
] as const;

export type AuditReason = (typeof AUDIT_REASONS)[number];

/** Details of an event. None of them is text that a client sent. */
export interface AuditDetails {
  /**
   * How the user was verified: by password, sent to the login route or in a header, by code of the application, by a second step after
   * one of these, or by a passkey alone.
   */
  readonly method?: 'login' | 'basic' | 'application' | 'second_step' | 'passkey';
  /** The kind of factor that was used, added or removed. */
  readonly factor?: 'totp' | 'passkey' | 'recovery_code';
  /** Why a sign-in failed or a session ended; or that a password was revoked when its reset token was issued. */
  readonly reason?: AuditReason;
  /** The kind of session that was opened, and how the client sends its token. */
  readonly kind?: 'session' | 'remembered' | 'access_token';
  readonly transport?: 'cookie' | 'bearer';
  /** The kind of a mail. */
  readonly mail?: string;
  /** The role of a new user. */
  readonly role?: string;
  /** The roles before and after a change. */
  readonly from?: string;
  readonly to?: string;
  /** The method and route that were refused, parameters by their names. */
  readonly route?: string;
}

/** What happened, without time and initiator. */
export interface AuditFacts {
  readonly type: AuditType;
  /** The user that it concerns; null if there is none or it is unknown. */
  readonly subjectId: string | null;
  /** The public id of the session that it concerns. */
  readonly sessionId?: string | null;
  readonly details?: AuditDetails;
}

/** A security event with its time and initiator. Safe to log, list and send. */
export interface AuditEvent extends Required<AuditFacts>, RecordedInitiator {
  /** Ids are in order of time. */
  readonly id: string;
  /** When it happened first. */
  readonly at: Date;
  /** How often it happened. Equal events are one event with a count. */
  readonly count: number;
  /** When it happened last. */
  readonly lastAt: Date;
}
