import { IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';
import type { Role } from '../user.js';
import { IsName } from './is-name.js';
import { STANDARD } from './standard-only.js';

/** What is absent or null stays as it is. */
export class UpdateUserDto {
  @ApiField({ required: false, type: String, format: 'email', nullable: true, maxLength: 254 })
  @IsOptional(STANDARD)
  @MaxLength(254, STANDARD)
  @IsString(STANDARD)
  @IsNotEmpty(STANDARD)
  readonly email?: string | null;

  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiField({ required: false, enum: ['user', 'admin'], nullable: true, description: 'For administrators.' })
  @IsOptional(STANDARD)
  @IsIn(['user', 'admin'], STANDARD)
  readonly role?: Role | null;

  @ApiField({ required: false, type: Boolean, nullable: true, description: 'For administrators.' })
  @IsOptional(STANDARD)
  @IsBoolean(STANDARD)
  readonly disabled?: boolean | null;
}
