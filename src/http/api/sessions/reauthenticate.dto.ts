import { IsNotEmpty, IsString } from 'class-validator';
import { ApiField } from '../../api-notes.js';

export class ReauthenticateDto {
  @ApiField({ format: 'password', example: 'a long password of yours' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;
}
