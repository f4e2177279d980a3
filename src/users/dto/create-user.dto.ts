import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { IsName } from './is-name.js';

/** For fields that the standard dialect alone knows. */
const STANDARD = { groups: ['standard'] };

export class CreateUserDto {
  @ApiProperty({ format: 'email', maxLength: 254 })
  @MaxLength(254)
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @ApiProperty({ format: 'password', maxLength: 256 })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;

  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiPropertyOptional({
    description: 'Asked of the first user in production; the server prints it at start.',
  })
  @IsOptional(STANDARD)
  @IsString(STANDARD)
  @MaxLength(200, STANDARD)
  readonly setup_code?: string | null;
}
