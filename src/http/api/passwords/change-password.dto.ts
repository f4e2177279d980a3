import { IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';

export class ChangePasswordDto {
  @ApiField({
    required: false,
    type: String,
    nullable: true,
    format: 'password',
    description: 'Optional if the password was confirmed within the last five minutes.',
    example: 'a long password of yours',
  })
  @IsOptional()
  @IsString()
  @IsNotEmpty()
  readonly current_password?: string | null;

  @ApiField({ format: 'password', maxLength: 256, example: 'another long password' })
  @CheckedBy('new_password')
  @IsString()
  @IsNotEmpty()
  readonly new_password!: string;
}
