import { HttpException } from '@nestjs/common';
import { type ErrorAnswer, type InputFault, type Problem, problemDetails, problemFor } from './problem.js';
import type { ErrorCode } from './refusals.js';

/** Why something was refused, in words for operators; clients are told it outside production alone. */
export interface Explanation {
  readonly text: string;
  /** What the decision was made by: bounded, and printable in one line. */
  readonly facts: Readonly<Record<string, string | null>>;
}

/**
 * A refusal that the caller can act on. It is an `HttpException` whose response is the problem document (RFC 9457), or what
 * `AuthOptions.errorFormat` makes of it, so that every filter of Nest applications answers it as it is meant.
 */
export class DomainError extends HttpException {
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
    const problem = problemFor(code, options);
    const answer = problemDetails(problem);
    super(answer.body, answer.status, { cause: options.cause });
    this.message = problem.detail;
    this.problem = problem;
    this.#answer = answer;
    this.reason = options.conceals ?? code;
    this.explanation = options.explanation ?? null;
  }

  /** What the client is told. */
  readonly problem: Problem;
  #answer: ErrorAnswer;
  /** Why it is refused, which is the code, unless that conceals it: told to no client. */
  readonly reason: ErrorCode;
  readonly explanation: Explanation | null;

  override getStatus(): number {
    return this.#answer.status;
  }

  override getResponse(): object {
    return this.#answer.body;
  }

  /** Sets what filters answer instead of the problem document. */
  answerWith(answer: ErrorAnswer): void {
    this.#answer = answer;
  }

  /** What is wrong with the input, in the order of its fields; empty unless the code is `validation_failed`. */
  get faults(): readonly InputFault[] {
    return this.problem.faults;
  }

  /** Seconds after which asking again is worth it; null where nobody knows. */
  get retryAfter(): number | null {
    return this.problem.retryAfter;
  }
}

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
