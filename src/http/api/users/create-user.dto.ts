import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import type { NewUser } from '../../../users/users.service.js';
import { IsName } from './is-name.js';

export class CreateUserDto {
  @ApiField({ format: 'email', maxLength: 254, example: 'ann@example.com' })
  @CheckedBy('address')
  @MaxLength(254)
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @ApiField({ format: 'password', maxLength: 256, example: 'a long password of yours' })
  @CheckedBy('new_password')
  @IsString()
  @IsNotEmpty()
  readonly password!: string;

  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiField({
    required: false,
    type: String,
    nullable: true,
    maxLength: 200,
    description: 'Required for the first user in production. The server prints it at start.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly setup_code?: string | null;
}

/** The new user of a body. */
export function toNewUser({
  email,
  password,
  first_name,
  last_name,
}: Omit<CreateUserDto, 'setup_code'>): NewUser {
  return { email, password, firstName: first_name ?? null, lastName: last_name ?? null };
}
