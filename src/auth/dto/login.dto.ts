import { IsBoolean, IsIn, IsNotEmpty, IsOptional, IsString } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';
import { TRANSPORTS, type Transport } from '../../sessions/session.js';
import { STANDARD } from '../../users/dto/standard-only.js';

export class LoginDto {
  @ApiField({ format: 'email' })
  @IsString()
  @IsNotEmpty()
  readonly email!: string;

  @ApiField({ format: 'password' })
  @IsString()
  @IsNotEmpty()
  readonly password!: string;

  @ApiField({ required: false, type: Boolean, description: 'Stay signed in after the browser is closed.' })
  @IsOptional(STANDARD)
  @IsBoolean(STANDARD)
  readonly remember?: boolean | null;

  @ApiField({
    required: false,
    enum: [...TRANSPORTS],
    description:
      '`bearer` for clients that keep no cookies. Left out, it is `cookie` where this server issues cookies, and else `bearer`.',
  })
  @IsOptional(STANDARD)
  @IsIn(TRANSPORTS, STANDARD)
  readonly transport?: Transport | null;
}
