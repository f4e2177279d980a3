import { IsNotEmpty, IsString } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';

export class ReauthenticateDto {
  @ApiField({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;
}
