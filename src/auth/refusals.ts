import { type ExecutionContext, Injectable, Optional } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { AuditType } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { initiatorOf } from './request-initiator.js';
import { DomainError } from '../common/domain-error.js';
import type { Problem } from '../common/problem.js';
import type { ErrorCode } from '../common/refusals.js';
import { Auth } from './auth.js';
import { AuthOptions } from './auth-options.js';
import { requestIdOf } from './request-id.js';

/** The refusals that are events; others say of themselves what failed, or that nobody signed in. */
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

/** The refusals that were told to the audit trail: one that passes a guard and a filter is told once. */
const noted = new WeakSet<DomainError>();

/** Refuses requests: with the headers that belong to the status, and an entry in the audit trail where it is an event. */
@Injectable()
export class Refusals {
  constructor(
    private readonly auth: Auth,
    private readonly options: AuthOptions,
    @Optional() private readonly trail?: AuditTrail,
  ) {}

  /** Throws an error again. What it needs besides its status is done before, as no filter of an application knows of it. */
  async refuse(error: unknown, context: ExecutionContext): Promise<never> {
    if (!(error instanceof DomainError)) throw error;
    const http = context.switchToHttp();
    const request = http.getRequest<Request>();
    const answer = this.options.errorFormat(error.problem, requestIdOf(request) || undefined);
    error.answerWith(answer);
    this.setHeaders({ ...error.problem, status: answer.status }, request, http.getResponse<Response>());
    await this.note(error, request, routeOf(request));
    throw error;
  }

  /** `WWW-Authenticate` of a 401: the challenge of the presented credential, or all (RFC 9110, section 11.6.1); `Retry-After`. */
  setHeaders(
    { status, retryAfter, allow }: Pick<Problem, 'status' | 'retryAfter' | 'allow'>,
    { challenge }: Request,
    response: Response,
  ): void {
    if (response.headersSent) return;
    if (status === 401)
      response.setHeader(
        'WWW-Authenticate',
        challenge === undefined ? [...this.auth.challenges] : [challenge],
      );
    if (retryAfter !== null) response.setHeader('Retry-After', retryAfter);
    if (allow !== null) response.setHeader('Allow', allow);
  }

  /** Records a refusal that is an event, once; null where there is nothing to record. */
  note(error: DomainError, request: Request, route: string): Promise<void> | null {
    const type = TYPES[error.reason];
    if (!type || !this.trail || noted.has(error)) return null;
    noted.add(error);
    const by = initiatorOf(request);
    const sessionId = request.principal?.session?.id ?? null;
    const details = { route: `${request.method} ${route}` };
    return this.trail.record({ type, subjectId: by.actorId, sessionId, details }, by);
  }
}

/** The pattern of the route that serves a request, since its path may be nobody's business; `*` where none does. */
export function routeOf(request: Request): string {
  const { route } = request as { route?: { path?: unknown } };
  return typeof route?.path === 'string' ? route.path : '*';
}
