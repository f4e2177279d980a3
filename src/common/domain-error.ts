/** A fault in one place of what a client sent: a JSON pointer (RFC 6901) and a sentence without the value. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}

/** Why something was refused, in words for operators; clients are told it outside production alone. */
export interface Explanation {
  readonly text: string;
  /** What the decision was made by: bounded, and printable in one line. */
  readonly facts: Readonly<Record<string, string | null>>;
}

/** The stable codes that a client meets in problem bodies; `http/problem.ts` gives each its status and text. */
export type ErrorCode =
  | 'malformed_request'
  | 'malformed_json'
  | 'duplicate_member'
  | 'validation_failed'
  | 'value_not_storable'
  | 'credentials_missing'
  | 'credentials_invalid'
  | 'session_expired_idle'
  | 'session_expired_absolute'
  | 'session_signed_out'
  | 'session_ended_elsewhere'
  | 'session_evicted'
  | 'session_ended_by_admin'
  | 'password_changed'
  | 'user_disabled'
  | 'user_deleted'
  | 'unknown_email'
  | 'wrong_password'
  | 'current_password_wrong'
  | 'reset_token_invalid'
  | 'role_required'
  | 'scope_required'
  | 'session_not_fresh'
  | 'setup_code_required'
  | 'cross_site_request'
  | 'host_not_allowed'
  | 'forbidden'
  | 'not_found'
  | 'login_not_offered'
  | 'method_not_allowed'
  | 'request_timeout'
  | 'too_many_attempts'
  | 'too_many_requests'
  | 'email_taken'
  | 'session_limit_reached'
  | 'access_token_limit_reached'
  | 'last_admin'
  | 'body_too_large'
  | 'unsupported_media_type'
  | 'expectation_failed'
  | 'headers_too_large'
  | 'request_refused'
  | 'internal_error'
  | 'store_unavailable'
  | 'busy';

/** A refusal that the caller can act on. */
export class DomainError extends Error {
  override readonly name: string = 'DomainError';

  constructor(
    readonly code: ErrorCode,
    options: {
      readonly faults?: readonly InputFault[];
      readonly allow?: string;
      readonly retryAfter?: number;
      readonly endedAt?: Date | null;
      readonly maxAge?: number;
      readonly conceals?: ErrorCode;
      readonly explanation?: Explanation;
      readonly cause?: unknown;
    } = {},
  ) {
    super(code, { cause: options.cause });
    this.faults = options.faults ?? [];
    this.allow = options.allow ?? null;
    this.retryAfter = options.retryAfter ?? null;
    this.endedAt = options.endedAt ?? null;
    this.maxAge = options.maxAge ?? null;
    this.reason = options.conceals ?? code;
    this.explanation = options.explanation ?? null;
  }

  /** What is wrong with the input, in the order of its fields; empty unless the code is `validation_failed`. */
  readonly faults: readonly InputFault[];
  /** The methods that the path knows; null unless the code is `method_not_allowed`. */
  readonly allow: string | null;
  /** Seconds after which asking again is worth it; null where nobody knows. */
  readonly retryAfter: number | null;
  /** Since when the session is over that was presented; null where that is not known. */
  readonly endedAt: Date | null;
  /** Seconds for which a proof is fresh enough; null unless the code is `session_not_fresh`. */
  readonly maxAge: number | null;
  /** Why it is refused, which is the code, unless that conceals it: told to no client. */
  readonly reason: ErrorCode;
  readonly explanation: Explanation | null;
}

/** A field that is absent, null or empty where it may not be. */
export const MISSING = 'Missing.';

/** A field that is null where it may not be. */
export const NULL = 'Must not be null.';

/** The input breaks a rule at `pointer`. */
export function invalid(pointer: string, detail: string): DomainError {
  return new DomainError('validation_failed', { faults: [{ pointer, detail }] });
}

/** The store could not answer, which says nothing about what is in it. */
export class StoreUnavailableError extends DomainError {
  override readonly name = 'StoreUnavailableError';

  constructor(cause?: unknown) {
    super('store_unavailable', { cause });
  }
}
