import type { ErrorCode } from '../common/refusals.js';

/**
 * Why a session was ended before it expired, and the code of the refusal that a request with its token then gets.
 * `ended_elsewhere`: by its user, from another session.
 */
const BY_SOMEBODY = {
  signed_out: 'session_signed_out',
  ended_elsewhere: 'session_ended_elsewhere',
  evicted: 'session_evicted',
  ended_by_admin: 'session_ended_by_admin',
  password_changed: 'password_changed',
  factor_added: 'second_factor_added',
  user_disabled: 'user_disabled',
  user_deleted: 'user_deleted',
} as const satisfies Readonly<Record<string, ErrorCode>>;

/** The same for sessions that expired. */
const BY_LIMIT = {
  expired_idle: 'session_expired_idle',
  expired_absolute: 'session_expired_absolute',
} as const satisfies Readonly<Record<string, ErrorCode>>;

/** The one table of endings: each reason with the code of its refusal. `REFUSALS` has the status and sentence of the code. */
export const ENDINGS = { ...BY_LIMIT, ...BY_SOMEBODY };

export type EndReason = keyof typeof BY_SOMEBODY;
export const END_REASONS = Object.keys(BY_SOMEBODY) as readonly EndReason[];

export type EndingCode = (typeof ENDINGS)[keyof typeof ENDINGS];
export const ENDING_CODES: readonly EndingCode[] = Object.values(ENDINGS);
