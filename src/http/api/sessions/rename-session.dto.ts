import { ValidateIf } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { IsLabel, LABEL_LENGTH } from './is-label.js';

export class RenameSessionDto {
  @ApiField({
    type: String,
    nullable: true,
    maxLength: LABEL_LENGTH,
    description: 'Null removes the name.',
    example: 'My phone',
  })
  @IsLabel()
  @ValidateIf((_, label) => label !== null)
  readonly label!: string | null;
}
