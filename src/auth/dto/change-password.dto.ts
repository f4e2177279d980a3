import { IsNotEmpty, IsString } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';

export class ChangePasswordDto {
  @ApiField({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  readonly current_password!: string;

  @ApiField({ format: 'password', maxLength: 256 })
  @IsString()
  @IsNotEmpty()
  readonly new_password!: string;
}
