import { IsIn, IsOptional, Matches } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { IsCursor, LimitDto } from '../../page.dto.js';
import { isUuidV7 } from '../../../common/uuid-v7.js';
import { AUDIT_TYPES, type AuditType } from '../../../audit/audit-event.js';

export class ListAuditEventsDto extends LimitDto {
  @ApiField({ required: false, description: 'The `Next-Cursor` header of the previous page.' })
  @IsOptional()
  @IsCursor(isUuidV7)
  readonly cursor?: string;

  @ApiField({
    required: false,
    description: 'The id of a user: events that the user caused, and events that concern the user.',
  })
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/)
  readonly user?: string;

  @ApiField({ required: false, enum: [...AUDIT_TYPES] })
  @IsOptional()
  @IsIn(AUDIT_TYPES)
  readonly type?: AuditType;
}
