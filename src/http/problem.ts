import { STATUS_CODES } from 'node:http';
import { HttpException } from '@nestjs/common';
import { DomainError, type ErrorCode, type InputFault, MISSING } from '../common/domain-error.js';

/** A refusal on its way to a client, before a dialect gives it words (RFC 9457). */
export interface Problem {
  readonly status: number;
  readonly code: ErrorCode;
  readonly detail: string;
  readonly faults: readonly InputFault[];
  readonly allow: string | null;
  /** Seconds. */
  readonly retryAfter: number | null;
  readonly endedAt: Date | null;
  /** Seconds. */
  readonly maxAge: number | null;
}

/** The one table from codes to statuses and sentences. */
const PROBLEMS: Record<ErrorCode, readonly [status: number, detail: string]> = {
  malformed_request: [400, 'The request cannot be read.'],
  malformed_json: [400, 'The body must be a JSON object, at most eight levels deep.'],
  validation_failed: [400, 'The input breaks a rule.'],
  credentials_missing: [401, 'Sign in first.'],
  credentials_invalid: [401, 'What was presented is no valid credential.'],
  session_expired_idle: [401, 'You were signed out because the session was not used for too long.'],
  session_expired_absolute: [401, 'You were signed out because the session reached its longest life.'],
  session_signed_out: [401, 'This session was signed out.'],
  session_ended_elsewhere: [401, 'You signed this device out from another one.'],
  session_evicted: [401, 'You were signed out because you signed in on another device.'],
  session_ended_by_admin: [401, 'An administrator ended this session.'],
  password_changed: [401, 'You were signed out because the password was changed.'],
  user_disabled: [401, 'This account was disabled.'],
  user_deleted: [401, 'This account was deleted.'],
  unknown_email: [404, 'No user has this address.'],
  wrong_password: [401, 'The password is wrong.'],
  current_password_wrong: [403, 'The current password is wrong.'],
  role_required: [403, 'Your role does not allow this.'],
  scope_required: [403, 'This access token is for reading alone.'],
  session_not_fresh: [403, 'Confirm your password first.'],
  setup_code_required: [403, 'The first user must show the setup code that the server printed at start.'],
  cross_site_request: [403, 'Another site may not ask for this.'],
  forbidden: [403, 'This is not allowed.'],
  not_found: [404, 'There is nothing here.'],
  method_not_allowed: [405, 'This path does not know the method.'],
  request_timeout: [408, 'The request took too long to arrive.'],
  email_taken: [409, 'This address has an account already.'],
  session_limit_reached: [409, 'There are as many sessions as allowed; end one first.'],
  last_admin: [409, 'This is the last administrator who is not disabled; make another one first.'],
  body_too_large: [413, 'The body may have at most 16 KiB.'],
  unsupported_media_type: [415, 'The body must be application/json in UTF-8, not compressed.'],
  expectation_failed: [417, 'What the request expects cannot be met.'],
  too_many_attempts: [429, 'Too many attempts from here failed; try again later.'],
  headers_too_large: [431, 'The headers are too large.'],
  request_refused: [400, 'The request cannot be met.'],
  internal_error: [500, 'Something went wrong here.'],
  store_unavailable: [503, 'The store cannot answer now; try again soon.'],
  busy: [503, 'Too many are signing in now; try again soon.'],
};

/** Seconds after which it is worth asking again, where a store could not answer. */
const RETRY_AFTER = 1;

/** The codes that a client of the standard dialect meets; the others are the course's. */
export const PROBLEM_CODES = (Object.keys(PROBLEMS) as ErrorCode[]).filter(
  (code) => code !== 'unknown_email' && code !== 'wrong_password',
);

/** The statuses that the framework and its parsers use, in our codes. */
const CODES: Readonly<Record<number, ErrorCode>> = {
  400: 'malformed_request',
  401: 'credentials_missing',
  403: 'forbidden',
  404: 'not_found',
  405: 'method_not_allowed',
  408: 'request_timeout',
  413: 'body_too_large',
  415: 'unsupported_media_type',
  431: 'headers_too_large',
  503: 'store_unavailable',
};

export function problem(
  code: ErrorCode,
  facts: Partial<Pick<Problem, 'faults' | 'allow' | 'retryAfter' | 'endedAt' | 'maxAge'>> = {},
): Problem {
  const [status, sentence] = PROBLEMS[code];
  const endedAt = facts.endedAt ?? null;
  return {
    status,
    code,
    detail: endedAt ? sentence.replace(/\.$/, `, ${inWords(endedAt)}.`) : sentence,
    faults: facts.faults ?? [],
    allow: facts.allow ?? null,
    retryAfter: facts.retryAfter ?? (status === 503 ? RETRY_AFTER : null),
    endedAt,
    maxAge: facts.maxAge ?? null,
  };
}

/** What went wrong, without a word of what the client sent; `internal_error` for whatever was not foreseen. */
export function problemOf(error: unknown): Problem {
  if (error instanceof DomainError) return problem(error.code, error);
  const status = statusOf(error);
  if (status >= 500 && status !== 503) return problem('internal_error');
  return { ...problem(CODES[status] ?? 'request_refused'), status };
}

/** A minute of the clock, for people; the instant itself goes along for programs. */
function inWords(at: Date): string {
  const [date, time] = at.toISOString().split('T');
  return `on ${date} at ${time?.slice(0, 5)} UTC`;
}

/** What a fault is called in one short string, as the course's contract has it. */
export function plainError({ status, code, faults }: Problem): string {
  const [first] = faults;
  if (first?.detail === MISSING) return `${first.pointer.slice(1)} missing`;
  if (code === 'not_found') return 'Not found';
  if (status === 400) return 'Wrong format';
  return STATUS_CODES[status] ?? 'Error';
}

/** Of Nest's errors and of those of Express and its like, which are marked as meant for clients; all else is ours. */
function statusOf(error: unknown): number {
  if (error instanceof HttpException) return error.getStatus();
  const { status, expose } = Object(error) as { readonly status?: unknown; readonly expose?: unknown };
  return expose === true && typeof status === 'number' && status >= 400 && status < 500 ? status : 500;
}
