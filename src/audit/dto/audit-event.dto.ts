import { ApiField } from '../../common/api-notes.js';
import { AUDIT_TYPES, type AuditDetails, type AuditEvent, type AuditType } from '../audit-event.js';

/** An event in answers, for the API's description; `auditJson` makes them. */
export class AuditEventDto {
  @ApiField({ format: 'uuid' })
  readonly id!: string;

  @ApiField({ format: 'date-time' })
  readonly at!: string;

  @ApiField({ enum: [...AUDIT_TYPES] })
  readonly type!: AuditType;

  @ApiField({ enum: ['http', 'operator', 'program'] })
  readonly via!: AuditEvent['via'];

  @ApiField({ type: String, nullable: true, description: 'The user who did it.' })
  readonly actor_id!: string | null;

  @ApiField({ type: String, nullable: true, description: 'The user whom it concerns.' })
  readonly subject_id!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly session_id!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly ip!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly user_agent!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly request_id!: string | null;

  @ApiField({ type: Object })
  readonly details!: AuditDetails;
}

export function auditJson(event: AuditEvent): AuditEventDto {
  return {
    id: event.id,
    at: event.at.toISOString(),
    type: event.type,
    via: event.via,
    actor_id: event.actorId,
    subject_id: event.subjectId,
    session_id: event.sessionId,
    ip: event.ip,
    user_agent: event.userAgent,
    request_id: event.requestId,
    details: event.details,
  };
}
