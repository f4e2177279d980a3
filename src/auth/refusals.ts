import { type ExecutionContext, Injectable, Logger, Optional } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AuditType } from '../audit/audit-event.js';
import { SecurityEvents } from '../audit/security-events.js';
import { isOwnController } from './decorators/access.js';
import { initiatorOfRequest } from './request-initiator.js';
import { DomainError } from '../common/domain-error.js';
import type { Problem } from '../common/problem.js';
import type { ErrorCode } from '../common/refusals.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';
import { requestIdOf } from './request-id.js';

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
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const answer = this.options.errorFormat(error.problem, requestIdOf(request) || undefined);
    error.answerWith(answer);
    this.setHeaders({ ...error.problem, status: answer.status }, request, http.getResponse<Response>());
    await this.note(error, request, routeOf(request));
    this.#explain(error, request, context);
    throw error;
  }

  /** Logs the explanation of a refusal on a route of the application, whose own filter does not know it. */
  #explain({ code, explanation }: DomainError, request: Request, context: ExecutionContext): void {
    if (!explanation || isOwnController(context.getClass())) return;
    const route = `${request.method} ${routeOf(request)}`;
    this.#logger.log({ code, route, ...explanation.facts, explanation: explanation.text });
  }

  /** Sets `WWW-Authenticate` of a 401 (RFC 9110, section 11.6.1), `Retry-After` and `Allow`. */
  setHeaders(
    { status, retryAfter, allow }: Pick<Problem, 'status' | 'retryAfter' | 'allow'>,
    { challenges }: Request,
    response: Response,
  ): void {
    if (response.headersSent) return;
    if (status === 401) response.setHeader('WWW-Authenticate', [...(challenges ?? this.auth.challenges)]);
    if (retryAfter !== null) response.setHeader('Retry-After', retryAfter);
    if (allow !== null) response.setHeader('Allow', allow);
  }

  /** Records a refusal that is a security event, once; null if there is nothing to record. */
  note(error: DomainError, request: Request, route: string): Promise<void> | null {
    const type = TYPES[error.reason];
    if (!type || !this.events || noted.has(error)) return null;
    noted.add(error);
    const by = initiatorOfRequest(request);
    const sessionId = request.principal?.session?.id ?? null;
    const details = { route: `${request.method} ${route}` };
    return this.events.emit({ type, subjectId: by.actorId, sessionId, details }, by);
  }
}

/** The pattern of the matched route, without values from the path, which may be confidential; `*` if none matched. */
export function routeOf(request: Request): string {
  const { route } = request as { route?: { path?: unknown } };
  return typeof route?.path === 'string' ? route.path : '*';
}
