import { type ExecutionContext, Injectable, Logger, Optional } from '@nestjs/common';
import type { AuditType } from '../audit/audit-event.js';
import { SecurityEvents } from '../audit/security-events.js';
import { isOwnController } from './decorators/access.js';
import { readerOf } from './exchange/contexts.js';
import type { Exchange } from './exchange/exchange.js';
import { initiatorIn } from './request-initiator.js';
import { DomainError } from '../common/domain-error.js';
import type { Problem } from '../common/problem.js';
import type { ErrorCode } from '../common/refusals.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';

/** The refusals that are recorded here. Other code records the other security events. */
const TYPES: Partial<Record<ErrorCode, AuditType>> = {
  cross_site_request: 'cross_site_refused',
  role_required: 'right_refused',
  scope_required: 'right_refused',
  session_not_fresh: 'step_up_demanded',
  forbidden: 'right_refused',
  email_taken: 'address_taken',
  setup_code_required: 'setup_code_refused',
  too_many_attempts: 'sign_in_throttled',
  too_many_mails: 'mail_limited',
};

/** The recorded refusals. A refusal can pass a guard and a filter, and is recorded once. */
const noted = new WeakSet<DomainError>();

/** Refuses requests: sets the headers of the status, and records security events. */
@Injectable()
export class Refusals {
  readonly #logger = new Logger('Refusals');

  constructor(
    private readonly auth: Auth,
    private readonly options: AuthOptions,
    @Optional() private readonly events?: SecurityEvents,
  ) {}

  /** Throws the error. Sets the headers and records the event first, because a filter of the application does not. */
  async refuse(error: unknown, context: ExecutionContext): Promise<never> {
    if (!(error instanceof DomainError)) throw error;
    const reader = readerOf(context);
    const [exchange, route] = [reader.exchangeOf(context), reader.labelOf(context)];
    const answer = this.options.errorFormat(error.problem, exchange.id || undefined);
    error.answerWith(answer);
    reader.prepare?.(error);
    this.setHeaders({ ...error.problem, status: answer.status }, exchange);
    await this.note(error, exchange, route);
    if (!isOwnController(context.getClass())) this.#explain(error, route);
    throw error;
  }

  /** Logs the explanation of a refusal on a route of the application, whose own filter does not know it. */
  #explain({ code, explanation }: DomainError, route: string): void {
    if (!explanation) return;
    this.#logger.log({ code, route, ...explanation.facts, explanation: explanation.text });
  }

  /** Sets `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1), `Retry-After` and `Allow`. */
  setHeaders(
    { status, retryAfter, allow }: Pick<Problem, 'status' | 'retryAfter' | 'allow'>,
    exchange: Exchange,
  ): void {
    if (!exchange.hasResponse || exchange.headers.headersSent) return;
    const { challenges, headers } = exchange;
    if (status === 401) headers.setHeader('WWW-Authenticate', [...(challenges ?? this.auth.challenges)]);
    if (retryAfter !== null) headers.setHeader('Retry-After', retryAfter);
    if (allow !== null) headers.setHeader('Allow', allow);
  }

  /** Records a refusal that is a security event, once; null if there is nothing to record. `route` is with the method. */
  note(error: DomainError, exchange: Exchange, route: string): Promise<void> | null {
    const type = TYPES[error.reason];
    if (!type || !this.events || noted.has(error)) return null;
    noted.add(error);
    const by = initiatorIn(exchange);
    const sessionId = exchange.principal?.session?.id ?? null;
    return this.events.emit({ type, subjectId: by.actorId, sessionId, details: { route } }, by);
  }
}
