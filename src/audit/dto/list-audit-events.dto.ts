import { IsIn, IsOptional, Matches } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';
import { PageDto } from '../../common/page.dto.js';
import { AUDIT_TYPES, type AuditType } from '../audit-event.js';

export class ListAuditEventsDto extends PageDto {
  @ApiField({ required: false, description: 'The id of whoever did it or whom it concerns.' })
  @IsOptional()
  @Matches(/^[\w-]{1,64}$/)
  readonly user?: string;

  @ApiField({ required: false, enum: [...AUDIT_TYPES] })
  @IsOptional()
  @IsIn(AUDIT_TYPES)
  readonly type?: AuditType;
}
