import { type ErrorFormat, plainError } from '../../common/problem.js';
import type { ErrorCode } from '../../common/refusals.js';

/** The statuses of the contract where they are not those of the codes. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  credentials_invalid: 403,
  session_expired_idle: 403,
  session_expired_absolute: 403,
  session_signed_out: 403,
  session_ended_elsewhere: 403,
  session_evicted: 403,
  session_ended_by_admin: 403,
  password_changed: 403,
  user_disabled: 403,
  user_deleted: 403,
  email_taken: 400,
  last_admin: 403,
  unsupported_media_type: 400,
};

const TEXTS: Partial<Record<ErrorCode, string>> = { email_taken: "Can't create User: email taken" };

/** Writes refusals as `{"error": …}`. A fault of a refusal that is not about input has its text. */
export const alxErrorFormat: ErrorFormat = (problem) => {
  const [fault] = problem.code === 'validation_failed' ? [] : problem.faults;
  const status = fault ? problem.status : (STATUSES[problem.code] ?? problem.status);
  const error = fault?.detail ?? TEXTS[problem.code] ?? plainError({ ...problem, status });
  return { status, contentType: 'application/json', body: { error } };
};
