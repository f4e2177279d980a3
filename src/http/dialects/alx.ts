import type { ErrorCode } from '../../common/refusals.js';
import type { Dialect } from '../dialect.js';
import { plainError } from '../../common/problem.js';

/** The texts of the course where they are not those of the status. */
const TEXTS: Partial<Record<ErrorCode, string>> = {
  unknown_email: 'no user found for this email',
  wrong_password: 'wrong password',
  email_taken: "Can't create User: email taken",
};

/** The statuses of the course where they are not those of the standard dialect. */
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

/** The contract of the course project, for those who depend on it to the letter. */
export const ALX: Dialect = {
  name: 'alx',
  problem: (problem) => {
    const status = STATUSES[problem.code] ?? problem.status;
    return {
      status,
      contentType: 'application/json',
      body: { error: TEXTS[problem.code] ?? plainError({ ...problem, status }) },
    };
  },
  loginFailure: (outcome) => (outcome === 'throttled' ? 'wrong_password' : outcome),
  timestamp: (at) => at.toISOString().slice(0, 19),
  credentialsBody: 'form',
  basicScheme: /^Basic (.*)$/,
  everyCredentialCounts: true,
  admitsStrangers: false,
  clearsCookie: false,
  demandsFreshness: false,
  refusesUnknownFields: false,
  refusesDuplicates: false,
  showsRole: false,
  nullRemovesNames: false,
  standardRoutes: false,
  peersVisible: true,
  pageSize: 1_000_000,
  exactEmails: true,
  passwordBlocklist: false,
  openToOrigins: true,
};
