import { Injectable, Optional } from '@nestjs/common';
import type { Request } from 'express';
import type { AuditType } from '../audit/audit-event.js';
import { AuditTrail } from '../audit/audit-trail.js';
import { initiatorOf } from './request-initiator.js';
import type { ErrorCode } from '../common/refusals.js';

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

/** Tells the audit trail what was refused to whom. */
@Injectable()
export class Refusals {
  constructor(@Optional() private readonly trail?: AuditTrail) {}

  /** Null where the refusal is no event. */
  note(request: Request, reason: ErrorCode, route: string): Promise<void> | null {
    const type = TYPES[reason];
    if (!type || !this.trail) return null;
    const by = initiatorOf(request);
    const sessionId = request.principal?.session?.id ?? null;
    const details = { route: `${request.method} ${route}` };
    return this.trail.record({ type, subjectId: by.actorId, sessionId, details }, by);
  }
}
