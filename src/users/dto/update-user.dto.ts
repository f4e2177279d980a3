import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsBoolean, IsIn, IsOptional, IsString, MaxLength } from 'class-validator';
import type { Role } from '../user.js';

/** What is absent or null stays as it is. */
export class UpdateUserDto {
  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200 })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly first_name?: string | null;

  @ApiPropertyOptional({ type: String, nullable: true, maxLength: 200 })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly last_name?: string | null;

  @ApiPropertyOptional({ enum: ['user', 'admin'], nullable: true, description: 'For administrators.' })
  @IsOptional()
  @IsIn(['user', 'admin'])
  readonly role?: Role | null;

  @ApiPropertyOptional({ type: Boolean, nullable: true, description: 'For administrators.' })
  @IsOptional()
  @IsBoolean()
  readonly disabled?: boolean | null;
}
