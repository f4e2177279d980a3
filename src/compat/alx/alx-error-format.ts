import { type ErrorFormat, plainError } from '../../common/problem.js';
import type { ErrorCode } from '../../common/refusals.js';
import { ENDING_CODES } from '../../sessions/endings.js';

/** The statuses of the course contract that differ from those of the codes. */
const STATUSES: Partial<Record<ErrorCode, number>> = {
  credentials_invalid: 403,
  ...Object.fromEntries(ENDING_CODES.map((code) => [code, 403])),
  email_taken: 400,
  last_admin: 403,
  unsupported_media_type: 400,
};

const TEXTS: Partial<Record<ErrorCode, string>> = { email_taken: "Can't create User: email taken" };

/** Formats refusals as `{"error": …}`. The fault of a field is the text, except for `validation_failed`. */
export const alxErrorFormat: ErrorFormat = (problem) => {
  const [fault] = problem.code === 'validation_failed' ? [] : problem.faults;
  const status = fault ? problem.status : (STATUSES[problem.code] ?? problem.status);
  const error = fault?.detail ?? TEXTS[problem.code] ?? plainError({ ...problem, status });
  return { status, contentType: 'application/json', body: { error } };
};
