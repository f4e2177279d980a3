import { ApiProperty } from '@nestjs/swagger';
import { IsNotEmpty, IsString } from 'class-validator';

export class LoginDto {
  @ApiProperty({ format: 'email' })
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @ApiProperty({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;
}
