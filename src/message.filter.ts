import { Catch, type ExceptionFilter, Logger } from '@nestjs/common';
import { type Observable, throwError } from 'rxjs';
import { DomainError } from './common/domain-error.js';
import type { MessageHandler } from './auth/message-metadata.js';

/** Answers a message with the problem document of its refusal. Events have no answer: their refusals are logged. */
@Catch(DomainError)
export class MessageFilter implements ExceptionFilter {
  readonly #logger = new Logger('Messages');

  constructor(
    private readonly handler: string,
    private readonly isEvent: MessageHandler['isEvent'],
  ) {}

  catch(error: DomainError): Observable<never> {
    if (this.isEvent) this.#logger.warn({ code: error.code, handler: this.handler, dropped: true });
    return throwError(() => error.getResponse());
  }
}
