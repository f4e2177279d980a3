import { IsNotEmpty, IsString } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';

export class LoginDto {
  @ApiField({ format: 'email' })
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @ApiField({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;
}
