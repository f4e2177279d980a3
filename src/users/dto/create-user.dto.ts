import { ApiProperty, ApiPropertyOptional } from '@nestjs/swagger';
import { IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';

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

  @ApiPropertyOptional({
    description: 'Asked of the first user in production; the server prints it at start.',
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  readonly setup_code?: string | null;
}
