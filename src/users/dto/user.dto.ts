import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import type { Role } from '../user.js';

/** A user in answers, for the API's description; `userJson` makes them. */
export class UserDto {
  @ApiProperty({ format: 'uuid' })
  readonly id!: string;

  @ApiProperty({ format: 'email' })
  readonly email!: string;

  @ApiProperty({ type: String, nullable: true })
  readonly first_name!: string | null;

  @ApiProperty({ type: String, nullable: true })
  readonly last_name!: string | null;

  @ApiProperty({ format: 'date-time' })
  readonly created_at!: string;

  @ApiProperty({ format: 'date-time' })
  readonly updated_at!: string;

  @ApiPropertyOptional({ enum: ['user', 'admin'] })
  readonly role?: Role;
}
