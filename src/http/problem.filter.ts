import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable, Logger } from '@nestjs/common';
import type { Request, Response } from 'express';
import { AuthOptions } from '../auth/auth-options.js';
import { Refusals, routeOf } from '../auth/refusals.js';
import { requestIdOf } from '../auth/request-id.js';
import { DomainError, type Explanation } from '../common/domain-error.js';
import type { ErrorAnswer, Problem } from '../common/problem.js';
import { setOwnHeaders } from './own-headers.js';
import { problemOf } from './problem.js';

/** Answers every error in the error format of the application, and logs it in one line. */
@Catch()
@Injectable()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Problem');
  /** Whether responses contain the explanations for operators. */
  protected readonly explains: boolean = false;

  constructor(
    private readonly options: AuthOptions,
    private readonly refusals: Refusals,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    setOwnHeaders(request, response);
    const explanation = error instanceof DomainError ? error.explanation : null;
    const problem = problemOf(error, this.explains ? explanation : null);
    const route = this.routeOf(request);
    const noted = error instanceof DomainError ? this.refusals.note(error, request, route) : null;
    const answer = this.options.errorFormat(problem, requestIdOf(request));
    this.#log(request, route, problem, answer.status, error, explanation);
    this.refusals.setHeaders({ ...problem, status: answer.status }, request, response);
    if (noted) void this.#answerAfter(noted, response, answer);
    else this.#answer(response, answer);
  }

  /** The pattern of the route for the log. The path itself may be confidential. */
  protected routeOf(request: Request): string {
    return routeOf(request);
  }

  async #answerAfter(noted: Promise<void>, response: Response, answer: ErrorAnswer): Promise<void> {
    await noted;
    this.#answer(response, answer);
  }

  /** Writes the response directly, because the application may change the content type of its own responses. */
  #answer(response: Response, { status, contentType, body }: ErrorAnswer): void {
    if (response.headersSent) {
      response.destroy();
      return;
    }
    const json = JSON.stringify(body);
    response.statusCode = status;
    response.setHeader('Content-Type', contentType);
    response.setHeader('Content-Length', Buffer.byteLength(json));
    response.end(json);
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
