import { IsBoolean, IsNotEmpty, IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import { OptionalBody } from '../../optional-body.js';

/** The options for issuing a reset token. */
@OptionalBody()
export class IssueResetDto {
  @ApiField({
    required: false,
    type: Boolean,
    description: 'Whether the current password, all sessions and all access tokens become invalid at once.',
  })
  @IsOptional()
  @IsBoolean()
  readonly revoke?: boolean;
}

/** The schema of an issued reset token. */
export class IssuedResetDto {
  @ApiField({ description: 'For `POST /password/reset`. Only this answer contains it.' })
  readonly token!: string;

  @ApiField({ format: 'date-time' })
  readonly expires_at!: string;
}

export class ResetPasswordDto {
  @ApiField({ maxLength: 200 })
  @MaxLength(200)
  @IsString()
  @IsNotEmpty()
  readonly token!: string;

  @ApiField({ format: 'password', maxLength: 256 })
  @CheckedBy('new_password')
  @IsString()
  @IsNotEmpty()
  readonly new_password!: string;
}
