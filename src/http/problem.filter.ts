import { type ArgumentsHost, Catch, type ExceptionFilter, Injectable, Logger } from '@nestjs/common';
import { AuthOptions } from '../auth/auth-options.js';
import { exchangeAt } from '../auth/exchange/contexts.js';
import type { Exchange } from '../auth/exchange/exchange.js';
import { Refusals } from '../auth/refusals.js';
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
    const exchange = exchangeAt(host);
    setOwnHeaders(exchange);
    const explanation = error instanceof DomainError ? error.explanation : null;
    const problem = problemOf(error, this.explains ? explanation : null);
    const route = this.routeOf(exchange);
    const label = `${exchange.method} ${route}`;
    const noted = error instanceof DomainError ? this.refusals.note(error, exchange, label) : null;
    const answer = this.options.errorFormat(problem, exchange.id);
    this.#log(exchange, route, problem, answer.status, error, explanation);
    this.refusals.setHeaders({ ...problem, status: answer.status }, exchange);
    if (noted) void this.#answerAfter(noted, exchange, answer);
    else this.#answer(exchange, answer);
  }

  /** The pattern of the route for the log. The path itself may be confidential. */
  protected routeOf(exchange: Exchange): string {
    return exchange.route;
  }

  async #answerAfter(noted: Promise<void>, exchange: Exchange, answer: ErrorAnswer): Promise<void> {
    await noted;
    this.#answer(exchange, answer);
  }

  /** Writes the response directly, because the application may change the content type of its own responses. */
  #answer(exchange: Exchange, { status, contentType, body }: ErrorAnswer): void {
    if (!exchange.headers.headersSent) exchange.headers.setHeader('Content-Type', contentType);
    exchange.send(status, JSON.stringify(body));
  }

  #log(
    { id, method }: Exchange,
    route: string,
    { code }: Problem,
    status: number,
    error: unknown,
    explanation: Explanation | null,
  ): void {
    const entry = {
      requestId: id,
      method,
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
