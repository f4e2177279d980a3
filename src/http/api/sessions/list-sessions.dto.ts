import { IsIn, IsOptional } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { PageDto } from '../../page.dto.js';
import { SESSION_KINDS, type SessionKind } from '../../../sessions/session.js';

export class ListSessionsDto extends PageDto {
  @ApiField({ required: false, enum: [...SESSION_KINDS] })
  @IsOptional()
  @IsIn(SESSION_KINDS)
  readonly kind?: SessionKind;
}
