import { ApiField } from '../../api-notes.js';
import {
  AUDIT_REASONS,
  AUDIT_TYPES,
  type AuditDetails,
  type AuditEvent,
  type AuditType,
} from '../../../audit/audit-event.js';
import { CHANNELS } from '../../../audit/initiator.js';

/** The schema of the details of an event. */
export class AuditDetailsDto {
  @ApiField({
    required: false,
    enum: ['login', 'basic', 'application', 'second_step', 'passkey'],
    description: 'How the user was verified.',
  })
  readonly method?: AuditDetails['method'];

  @ApiField({
    required: false,
    enum: ['totp', 'passkey', 'recovery_code'],
    description: 'The kind of factor that was used, added or removed.',
  })
  readonly factor?: AuditDetails['factor'];

  @ApiField({
    required: false,
    enum: [...AUDIT_REASONS],
    description: 'Why a sign-in failed or a session ended.',
  })
  readonly reason?: AuditDetails['reason'];

  @ApiField({
    required: false,
    enum: ['session', 'remembered', 'access_token'],
    description: 'The kind of the session that was opened.',
  })
  readonly kind?: AuditDetails['kind'];

  @ApiField({ required: false, enum: ['cookie', 'bearer'], description: 'How the client sends its token.' })
  readonly transport?: AuditDetails['transport'];

  @ApiField({ required: false, type: String, description: 'The kind of a mail.' })
  readonly mail?: AuditDetails['mail'];

  @ApiField({ required: false, type: String, description: 'The role of a new user.' })
  readonly role?: AuditDetails['role'];

  @ApiField({ required: false, type: String, description: 'The role before a change.' })
  readonly from?: AuditDetails['from'];

  @ApiField({ required: false, type: String, description: 'The role after a change.' })
  readonly to?: AuditDetails['to'];

  @ApiField({
    required: false,
    type: String,
    description: 'The method and route that were refused, with the names of the parameters.',
    example: 'GET /api/v1/users/:id',
  })
  readonly route?: string;
}

/** The schema of the JSON that `auditJson` returns. */
export class AuditEventDto {
  @ApiField({ format: 'uuid' })
  readonly id!: string;

  @ApiField({ format: 'date-time' })
  readonly at!: string;

  @ApiField({
    type: 'integer',
    minimum: 1,
    description: 'How often it happened. Equal events within ten minutes are one event.',
  })
  readonly count!: number;

  @ApiField({ format: 'date-time', description: 'When it happened last; `at` is the first time.' })
  readonly last_at!: string;

  @ApiField({ enum: [...AUDIT_TYPES] })
  readonly type!: AuditType;

  @ApiField({ enum: [...CHANNELS], description: 'How it came.' })
  readonly via!: AuditEvent['via'];

  @ApiField({ type: String, nullable: true, description: 'The user who did it.' })
  readonly actor_id!: string | null;

  @ApiField({ type: String, nullable: true, description: 'The user that it concerns.' })
  readonly subject_id!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly session_id!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly ip!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly user_agent!: string | null;

  @ApiField({ type: String, nullable: true })
  readonly request_id!: string | null;

  @ApiField({ type: AuditDetailsDto })
  readonly details!: AuditDetails;
}

export function auditJson(event: AuditEvent): AuditEventDto {
  return {
    id: event.id,
    at: event.at.toISOString(),
    count: event.count,
    last_at: event.lastAt.toISOString(),
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
