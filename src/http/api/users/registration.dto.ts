import { ApiField } from '../../api-notes.js';
import type { EmailVerification } from '../../../mail/mail-options.js';
import type { Registration } from '../../../users/users-options.js';

export const REGISTRATION_MODES = ['first', 'open', 'closed', 'signed_in'] as const satisfies Registration[];

/** The schema of the rules of registration and sign-in. */
export class RegistrationDto {
  @ApiField({
    enum: [...REGISTRATION_MODES],
    description:
      '`first`: anyone while there is no user, then administrators; `open`: anyone; `closed`: administrators; `signed_in`: anyone with an account.',
  })
  readonly mode!: Registration;

  @ApiField({ description: 'Whether a client without credentials can register a user now.' })
  readonly open!: boolean;

  @ApiField({ description: 'Whether the next user who registers becomes the administrator.' })
  readonly waiting_for_first!: boolean;

  @ApiField({ description: 'Whether that user must send the `setup_code` that the server printed at start.' })
  readonly setup_code_required!: boolean;

  @ApiField({ type: 'integer', minimum: 1, description: 'In characters (Unicode code points).' })
  readonly password_min_length!: number;

  @ApiField({ type: 'integer', minimum: 1, description: 'In characters (Unicode code points).' })
  readonly password_max_length!: number;

  @ApiField({ description: 'Whether the server sends mails, such as those to set a new password.' })
  readonly mail!: boolean;

  @ApiField({
    enum: ['off', 'optional', 'required'],
    description: 'Whether users are asked to verify their address, and must do so before they sign in.',
  })
  readonly email_verification!: EmailVerification;

  @ApiField({
    enum: ['totp', 'passkey'],
    isArray: true,
    description: 'The kinds of second factors that users can set up. Empty if there are none.',
  })
  readonly factors!: readonly ('totp' | 'passkey')[];

  @ApiField({ type: [String], description: 'The origins of the pages that can use passkeys.' })
  readonly passkey_origins!: readonly string[];

  @ApiField({ type: [String], description: 'The authentication strategies of this server, in order.' })
  readonly strategies!: readonly string[];

  @ApiField({
    enum: ['cookie', 'bearer'],
    isArray: true,
    description:
      'The values of `transport` that `POST /auth_session/login` accepts. Empty if there is no login.',
  })
  readonly transports!: readonly ('cookie' | 'bearer')[];
}
