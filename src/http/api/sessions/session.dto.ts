import { ApiField } from '../../api-notes.js';
import { SESSION_KINDS, SESSION_SCOPES, type Session, TRANSPORTS } from '../../../sessions/session.js';
import { UserDto } from '../users/user.dto.js';
import type { Device } from '../../../common/device.js';

/** The schema of the client of a session. */
export class DeviceDto {
  @ApiField({ type: String, nullable: true, example: 'Firefox 128.5' })
  readonly browser!: string | null;

  @ApiField({ type: String, nullable: true, example: 'Linux' })
  readonly os!: string | null;
}

/** How the person has shown who they are, and when last in each way. Empty for an access token. */
export class ProofsDto {
  @ApiField({ required: false, format: 'date-time' })
  readonly password?: string;

  @ApiField({ required: false, format: 'date-time', description: 'A code of an authenticator app.' })
  readonly totp?: string;

  @ApiField({ required: false, format: 'date-time' })
  readonly passkey?: string;

  @ApiField({ required: false, format: 'date-time' })
  readonly recovery_code?: string;

  @ApiField({ required: false, format: 'date-time', description: 'In a way of the application.' })
  readonly application?: string;
}

/** The schema of the JSON that `SessionView` returns. */
export class SessionDto {
  @ApiField({ description: 'The public id. It is not a credential.', example: 'AaIDx-6Rcl2AwxVtQYMOCg' })
  readonly id!: string;

  @ApiField({ description: 'Whether this request was authenticated by it.' })
  readonly current!: boolean;

  @ApiField({ enum: [...SESSION_KINDS] })
  readonly kind!: Session['kind'];

  @ApiField({ enum: [...TRANSPORTS] })
  readonly transport!: Session['transport'];

  @ApiField({ enum: [...SESSION_SCOPES] })
  readonly scope!: Session['scope'];

  @ApiField({ type: String, nullable: true })
  readonly label!: string | null;

  @ApiField({ format: 'date-time' })
  readonly created_at!: string;

  @ApiField({ format: 'date-time', description: 'When the user last showed who they are.' })
  readonly authenticated_at!: string;

  @ApiField({ type: ProofsDto })
  readonly proofs!: ProofsDto;

  @ApiField({
    format: 'date-time',
    description: 'When it was last used. Uses are not recorded at each request.',
  })
  readonly last_seen_at!: string;

  @ApiField({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it ends at the latest.',
  })
  readonly expires_at!: string | null;

  @ApiField({
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When it ends if it is not used until then.',
  })
  readonly idle_expires_at!: string | null;

  @ApiField({ type: String, nullable: true, example: '203.0.113.7' })
  readonly ip!: string | null;

  @ApiField({ type: DeviceDto })
  readonly device!: Device;
}

/** A session with its token. Only the response that creates or renews it contains the token. */
export class GrantedSessionDto extends SessionDto {
  @ApiField({ required: false, description: 'For `Authorization: Bearer`. Only this answer contains it.' })
  readonly token?: string;
}

/** A user who signed in, with the token unless it is in `Set-Cookie`. */
export class SignedInUserDto extends UserDto {
  @ApiField({ required: false, description: 'For `Authorization: Bearer`. Only this answer contains it.' })
  readonly token?: string;

  @ApiField({
    required: false,
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the token ends at the latest. Only together with `token`.',
  })
  readonly expires_at?: string | null;

  @ApiField({
    required: false,
    type: String,
    format: 'date-time',
    nullable: true,
    description: 'When the token ends if it is not used until then. Only together with `token`.',
  })
  readonly idle_expires_at?: string | null;
}

/** The session of a request, and its user. */
export class CurrentSessionDto {
  @ApiField({ type: SessionDto })
  readonly session!: SessionDto;

  @ApiField({ type: UserDto })
  readonly user!: UserDto;
}
