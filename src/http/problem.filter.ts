import { type ArgumentsHost, Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import type { AbstractHttpAdapter } from '@nestjs/core';
import type { Request, Response } from 'express';
import type { Dialect } from './dialect.js';
import { type Problem, problemOf } from './problem.js';
import { requestIdOf } from './request-id.js';

/** Turns every error into an answer of the dialect, and into one line of the log. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  readonly #logger = new Logger('Problem');

  constructor(
    private readonly adapter: AbstractHttpAdapter,
    private readonly dialect: Dialect,
    private readonly challenge: string,
  ) {}

  catch(error: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const problem = problemOf(error);
    const { status, contentType, body } = this.dialect.problem(problem, requestIdOf(request));
    this.#log(request, problem, status, error);
    if (response.headersSent) {
      response.destroy();
      return;
    }
    if (status === 401) response.setHeader('WWW-Authenticate', this.challenge);
    if (status === 405 && problem.allow !== null) response.setHeader('Allow', problem.allow);
    if (status === 413) response.setHeader('Connection', 'close');
    if (problem.retryAfter !== null) response.setHeader('Retry-After', problem.retryAfter);
    response.setHeader('Content-Type', contentType);
    this.adapter.reply(response, body, status);
  }

  #log(request: Request, { code }: Problem, status: number, error: unknown): void {
    const entry = {
      requestId: requestIdOf(request),
      method: request.method,
      path: request.path,
      status,
      code,
    };
    if (code === 'busy') this.#logger.warn(entry);
    else if (status >= 500) this.#logger.error({ ...entry, err: error });
    else this.#logger.log(entry);
  }
}
