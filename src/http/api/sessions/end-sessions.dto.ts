import { IsIn, IsOptional } from 'class-validator';
import { ApiField } from '../../api-notes.js';

export class EndSessionsDto {
  @ApiField({ required: false, enum: ['others', 'all'], description: '`all` ends this one too.' })
  @IsOptional()
  @IsIn(['others', 'all'])
  readonly scope?: 'others' | 'all';
}
