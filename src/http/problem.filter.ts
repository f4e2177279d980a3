import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Request, Response } from 'express';
import { DomainError, type Explanation } from '../common/domain-error.js';
import type { ErrorCode } from '../common/refusals.js';
import type { Dialect, ProblemAnswer } from './dialect.js';
import type { Problem } from '../common/problem.js';
import { problemOf } from './problem.js';
import { requestIdOf } from '../auth/request-id.js';

/** Where the filter finds what it tells of a request, and whom it tells. */
export interface Refusing {
  /** The pattern of the route that a request is for: what is in its path may be no one's business. */
  routeOf(request: Request): string;
  /** The challenges of a 401: that of the credential which was presented, or all of them. */
  challengesOf(request: Request): readonly string[];
  /** Notes why a request is refused, and is done before it is answered; null where there is nothing to note. */
  note(request: Request, reason: ErrorCode, route: string): Promise<void> | null;
  /** Whether answers have the explanations that are meant for operators. */
  readonly explains: boolean;
}

/** KeyedMutex every error into an answer of the dialect, and into one line of the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Problem');

  constructor(
    private readonly adapter: AbstractHttpAdapter,
    private readonly dialect: Dialect,
    private readonly refusing: Refusing,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const explanation = error instanceof DomainError ? error.explanation : null;
    const problem = problemOf(error, this.refusing.explains ? explanation : null);
    const route = this.refusing.routeOf(request);
    const reason = error instanceof DomainError ? error.reason : problem.code;
    const noted = this.refusing.note(request, reason, route);
    const answer = this.dialect.problem(problem, requestIdOf(request));
    this.#log(request, route, problem, answer.status, error, explanation);
    if (answer.status === 401 && !response.headersSent)
      response.setHeader('WWW-Authenticate', [...this.refusing.challengesOf(request)]);
    if (noted) void this.#answerAfter(noted, response, problem, answer);
    else this.#answer(response, problem, answer);
  }

  async #answerAfter(
    noted: Promise<void>,
    ...answer: [response: Response, problem: Problem, answer: ProblemAnswer]
  ): Promise<void> {
    await noted;
    try {
      this.#answer(...answer);
    } catch {
      answer[0].destroy();
    }
  }

  #answer(response: Response, problem: Problem, { status, contentType, body }: ProblemAnswer): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 405 && problem.allow !== null) response.setHeader('Allow', problem.allow);
    if (problem.retryAfter !== null) response.setHeader('Retry-After', problem.retryAfter);
    response.setHeader('Content-Type', contentType);
    this.adapter.reply(response, body, status);
  }

  #log(
    request: Request,
    route: string,
    { code }: Problem,
    status: number,
    error: unknown,
    explanation: Explanation | null,
  ): void {
    const entry = {
      requestId: requestIdOf(request),
      method: request.method,
      route,
      status,
      code,
      ...(explanation && { ...explanation.facts, explanation: explanation.text }),
    };
    if (code === 'busy') this.#logger.warn(entry);
    else if (status >= 500) this.#logger.error({ ...entry, err: error });
    else this.#logger.log(entry);
  }
}
