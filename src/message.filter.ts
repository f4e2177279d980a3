import { type ArgumentsHost, Catch, type ExceptionFilter, type HttpServer, Logger } from '@nestjs/common';
import { BaseExceptionFilter } from '@nestjs/core';
import { type Observable, throwError } from 'rxjs';
import { DomainError } from './common/domain-error.js';
import type { MessageHandler } from './auth/message-metadata.js';

/**
 * Answers a message with the problem document of its refusal. Events have no answer: their refusals are logged. Requests to a
 * handler that is a route, too, are answered as Nest does.
 */
@Catch(DomainError)
export class MessageFilter implements ExceptionFilter {
  readonly #logger = new Logger('Messages');

  constructor(
    private readonly handler: string,
    private readonly isEvent: MessageHandler['isEvent'],
    private readonly server?: HttpServer,
  ) {}

  catch(error: DomainError, host: ArgumentsHost): Observable<never> | void {
    if (host.getType() === 'http') return new BaseExceptionFilter(this.server).catch(error, host);
    if (this.isEvent) this.#logger.warn({ code: error.code, handler: this.handler, dropped: true });
    return throwError(() => error.getResponse());
  }
}
