import { STATUS_CODES } from 'node:http';
import { type ErrorCode, REFUSALS } from './refusals.js';

/** A fault in one field of a request: a JSON pointer (RFC 6901) and a sentence without the value. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}

/** The fault of a required field that is absent or empty. */
export const MISSING = 'Missing.';

/** The fault of a field that must not be null. */
export const NULL = 'Must not be null.';

/** A refusal before it is formatted for the client. */
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
  /** The kinds of proofs of which one is required; null for any. */
  readonly proofs: readonly string[] | null;
  /** The second step of a sign-in; null if this is no refusal of one. */
  readonly secondStep: SecondStepFacts | null;
}

/** The second step of a sign-in. */
export interface SecondStepFacts {
  /** The kinds of factors of which one must follow. */
  readonly factors: readonly string[];
  /** The token of the step; null if a cookie carries it. */
  readonly token: string | null;
  readonly expiresAt: Date;
}

/** All codes, in the order of their table. */
export const PROBLEM_CODES = Object.keys(REFUSALS) as ErrorCode[];

/** The response for a refusal. */
export interface ErrorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
}

/** Formats refusals. `requestId` is undefined if the request has no id. */
export type ErrorFormat = (problem: Problem, requestId?: string) => ErrorAnswer;

/** The format of problem details (RFC 9457). */
export const problemDetails: ErrorFormat = (problem, requestId) => ({
  status: problem.status,
  contentType: 'application/problem+json',
  body: problemDocument(problem, requestId),
});

/** The default `Retry-After` of a 503, in seconds. */
const RETRY_AFTER = 1;

/** A refusal with the sentence of its code and the given facts. */
export function problemFor(
  code: ErrorCode,
  facts: Partial<
    Pick<Problem, 'faults' | 'allow' | 'retryAfter' | 'endedAt' | 'maxAge' | 'proofs' | 'secondStep'>
  > = {},
): Problem {
  const [status, sentence] = REFUSALS[code];
  const endedAt = facts.endedAt ?? null;
  return {
    status,
    code,
    detail: endedAt ? sentence.replace('.', `, ${inWords(endedAt)}.`) : sentence,
    faults: facts.faults ?? [],
    allow: facts.allow ?? null,
    retryAfter: facts.retryAfter ?? (status === 503 ? RETRY_AFTER : null),
    endedAt,
    maxAge: facts.maxAge ?? null,
    proofs: facts.proofs ?? null,
    secondStep: facts.secondStep ?? null,
  };
}

/** The problem document of a refusal (RFC 9457), without `requestId` if the request has no id. */
export function problemDocument(problem: Problem, requestId?: string): object {
  return {
    type: 'about:blank',
    title: STATUS_CODES[problem.status],
    status: problem.status,
    code: problem.code,
    detail: problem.detail,
    error: plainError(problem),
    ...(requestId !== undefined && { requestId }),
    ...(problem.faults.length > 0 && { errors: problem.faults }),
    ...(problem.endedAt && { ended_at: problem.endedAt.toISOString() }),
    ...(problem.maxAge !== null && { max_age: problem.maxAge }),
    ...(problem.proofs && { proofs: problem.proofs }),
    ...(problem.secondStep && secondStepMembers(problem.secondStep)),
  };
}

function secondStepMembers({ factors, token, expiresAt }: SecondStepFacts): object {
  return { factors, expires_at: expiresAt.toISOString(), ...(token !== null && { pending_token: token }) };
}

/** The refusal in a few words, for clients that do not read codes. */
export function plainError({ status, faults }: Problem): string {
  const [first] = faults;
  if (first?.detail === MISSING || first?.detail === NULL) return `${first.pointer.slice(1)} missing`;
  if (status === 404) return 'Not found';
  if (status === 400) return 'Wrong format';
  return STATUS_CODES[status] ?? 'Error';
}

/** A time in UTC for people, to the minute. Programs get the exact time in `ended_at`. */
function inWords(at: Date): string {
  const [date, time] = at.toISOString().split('T');
  return `on ${date} at ${time?.slice(0, 5)} UTC`;
}
