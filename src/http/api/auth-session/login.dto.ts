import { IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { TRANSPORTS, type Transport } from '../../../sessions/session.js';

export class LoginDto {
  @ApiField({ format: 'email', example: 'ann@example.com' })
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

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
