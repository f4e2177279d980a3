import { HttpException } from '@nestjs/common';
import {
  type ErrorAnswer,
  type InputFault,
  type Problem,
  type SecondStepFacts,
  problemDetails,
  problemFor,
} from './problem.js';
import type { ErrorCode } from './refusals.js';

/** Why something was refused, for operators. Responses contain it only outside production. */
export interface Explanation {
  readonly text: string;
  /** The values that decided: of limited length, and printable in one line. */
  readonly facts: Readonly<Record<string, string | null>>;
}

/**
 * A refusal that the caller can act on. It is an `HttpException` whose response is the problem document (RFC 9457), or the
 * result of `AuthOptions.errorFormat`, so that every exception filter of a Nest application sends the right response.
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
      readonly proofs?: readonly string[] | null;
      readonly secondStep?: SecondStepFacts;
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

  /** The refusal that the client gets. */
  readonly problem: Problem;
  #answer: ErrorAnswer;
  /** The real reason. It differs from `code` if the response conceals it; clients do not get it. */
  readonly reason: ErrorCode;
  readonly explanation: Explanation | null;

  override getStatus(): number {
    return this.#answer.status;
  }

  override getResponse(): object {
    return this.#answer.body;
  }

  /** What GraphQL sends beside the message: graphql-js copies it into the error of the operation. */
  get extensions(): Readonly<Record<string, unknown>> {
    return { code: this.code, status: this.getStatus(), problem: this.getResponse() };
  }

  /** Sets the response that filters send instead of the problem document. */
  answerWith(answer: ErrorAnswer): void {
    this.#answer = answer;
  }

  /** What is wrong with the input, in the order of its fields; empty unless the code is `validation_failed`. */
  get faults(): readonly InputFault[] {
    return this.problem.faults;
  }

  /** `Retry-After` in seconds; null if unknown. */
  get retryAfter(): number | null {
    return this.problem.retryAfter;
  }
}

/** A `validation_failed` for the field at `pointer`. */
export function invalid(pointer: string, detail: string): DomainError {
  return new DomainError('validation_failed', { faults: [{ pointer, detail }] });
}

/** The store could not answer. */
export class StoreUnavailableError extends DomainError {
  override readonly name = 'StoreUnavailableError';

  constructor(cause?: unknown) {
    super('store_unavailable', { cause });
  }
}
