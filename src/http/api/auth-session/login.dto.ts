import { IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString, ValidateIf } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { TRANSPORTS, type Transport } from '../../../sessions/session.js';

export class LoginDto {
  @ApiField({
    required: false,
    type: String,
    format: 'email',
    description: 'The e-mail address of the user. Required without `login`.',
    example: 'ann@example.com',
  })
  @ValidateIf(({ email, login }: LoginDto) => email !== undefined || login === undefined)
  @IsString()
  @IsNotEmpty()
  readonly email?: string;

  @ApiField({
    required: false,
    type: String,
    description:
      'In place of `email`: whatever users of this application type to sign in, such as a user name.',
    example: 'ann',
  })
  @ValidateIf(({ login }: LoginDto) => login !== undefined)
  @IsString()
  @IsNotEmpty()
  readonly login?: string;

  @ApiField({ format: 'password', example: 'a long password of yours' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;

  @ApiField({
    required: false,
    type: Boolean,
    nullable: true,
    description: 'Whether the user stays signed in after the browser is closed.',
    example: false,
  })
  @IsOptional()
  @IsBoolean()
  readonly remember?: boolean | null;

  @ApiField({
    required: false,
    nullable: true,
    enum: [...TRANSPORTS],
    description:
      '`bearer` is for clients without cookies. The default is `cookie` if this server issues cookies, otherwise `bearer`.',
    example: 'cookie',
  })
  @IsOptional()
  @IsIn(TRANSPORTS)
  readonly transport?: Transport | null;
}
