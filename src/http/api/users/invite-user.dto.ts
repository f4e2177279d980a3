import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import { IsName } from './is-name.js';

export class InviteUserDto {
  @ApiField({ format: 'email', maxLength: 254, example: 'ann@example.com' })
  @CheckedBy('address')
  @MaxLength(254)
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiField({
    required: false,
    type: String,
    description: 'The first role of this server if it is left out.',
  })
  @CheckedBy('role')
  @IsOptional()
  @IsString()
  readonly role?: string;
}
