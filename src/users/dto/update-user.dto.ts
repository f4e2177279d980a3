import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional } from 'class-validator';
import type { Role } from '../user.js';
import { IsName } from './is-name.js';
import { STANDARD } from './standard-only.js';

/** What is absent or null stays as it is. */
export class UpdateUserDto {
  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiPropertyOptional({ enum: ['user', 'admin'], nullable: true, description: 'For administrators.' })
  @IsOptional(STANDARD)
  @IsIn(['user', 'admin'], STANDARD)
  readonly role?: Role | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true, description: 'For administrators.' })
  @IsOptional(STANDARD)
  @IsBoolean(STANDARD)
  readonly disabled?: boolean | null;
}
