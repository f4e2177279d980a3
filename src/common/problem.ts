import { STATUS_CODES } from 'node:http';
import { type ErrorCode, REFUSALS } from './refusals.js';

/** A fault in one place of what a client sent: a JSON pointer (RFC 6901) and a sentence without the value. */
export interface InputFault {
  readonly pointer: string;
  readonly detail: string;
}

/** A field that is absent, null or empty where it may not be. */
export const MISSING = 'Missing.';

/** A field that is null where it may not be. */
export const NULL = 'Must not be null.';

/** A refusal on its way to a client, before it has a format. */
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

/** All codes, in the order of their table. */
export const PROBLEM_CODES = Object.keys(REFUSALS) as ErrorCode[];

/** What a client is answered to a refusal. */
export interface ErrorAnswer {
  readonly status: number;
  readonly contentType: string;
  readonly body: object;
}

/** Writes refusals for clients. `requestId` is absent where nobody has given the request an id. */
export type ErrorFormat = (problem: Problem, requestId?: string) => ErrorAnswer;

/** The format of problem details (RFC 9457). */
export const problemDetails: ErrorFormat = (problem, requestId) => ({
  status: problem.status,
  contentType: 'application/problem+json',
  body: problemDocument(problem, requestId),
});

/** Seconds after which it is worth asking again, where a store could not answer. */
const RETRY_AFTER = 1;

/** A refusal with the sentence of its code, and the facts that it comes with. */
export function problemFor(
  code: ErrorCode,
  facts: Partial<Pick<Problem, 'faults' | 'allow' | 'retryAfter' | 'endedAt' | 'maxAge'>> = {},
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
  };
}

/** The problem document of a refusal (RFC 9457). `requestId` is absent where nobody has given the request an id. */
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
  };
}

/** What a fault is called in one short string, for clients that read no codes. */
export function plainError({ status, faults }: Problem): string {
  const [first] = faults;
  if (first?.detail === MISSING || first?.detail === NULL) return `${first.pointer.slice(1)} missing`;
  if (status === 404) return 'Not found';
  if (status === 400) return 'Wrong format';
  return STATUS_CODES[status] ?? 'Error';
}

/** A minute of the clock, for people; the instant itself goes along for programs. */
function inWords(at: Date): string {
  const [date, time] = at.toISOString().split('T');
  return `on ${date} at ${time?.slice(0, 5)} UTC`;
}
