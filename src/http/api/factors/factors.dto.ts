import {
  IsBoolean,
  IsIn,
  IsNotEmpty,
  IsObject,
  IsOptional,
  IsString,
  Matches,
  MaxLength,
} from 'class-validator';
import { TRANSPORTS, type Transport } from '../../../sessions/session.js';
import { ApiField } from '../../api-notes.js';
import { OptionalBody } from '../../optional-body.js';
import { IsLabel, LABEL_LENGTH } from '../sessions/is-label.js';
import { SignedInUserDto } from '../sessions/session.dto.js';

const CREDENTIAL = 'What `navigator.credentials` gives, as JSON (`PublicKeyCredential.toJSON()`).';

/** A code of an authenticator app. */
export class TotpCodeDto {
  @ApiField({ description: 'The six digits of the authenticator app.', example: '492039' })
  @Matches(/^\d{6}$/, { message: 'must have six digits' })
  @IsString()
  @IsNotEmpty()
  readonly code!: string;
}

/** One proof: a code, a recovery code or a passkey. */
export class ProofDto {
  @ApiField({
    required: false,
    type: String,
    nullable: true,
    description: 'The six digits of the authenticator app.',
    example: '492039',
  })
  @Matches(/^\d{6}$/, { message: 'must have six digits' })
  @IsString()
  @IsOptional()
  readonly code?: string | null;

  @ApiField({
    required: false,
    type: String,
    nullable: true,
    maxLength: 100,
    example: '7k2mq9-0x4hcv-b5tz8n-jw3e6r',
  })
  @MaxLength(100)
  @IsString()
  @IsOptional()
  readonly recovery_code?: string | null;

  @ApiField({
    required: false,
    type: Object,
    nullable: true,
    additionalProperties: true,
    description: CREDENTIAL,
  })
  @IsObject()
  @IsOptional()
  readonly credential?: object | null;
}

/** A new passkey. */
export class AddPasskeyDto {
  @ApiField({ maxLength: LABEL_LENGTH, description: 'A name for it.', example: 'My laptop' })
  @IsLabel()
  @IsNotEmpty()
  readonly name!: string;

  @ApiField({ type: Object, additionalProperties: true, description: CREDENTIAL })
  @IsObject()
  @IsNotEmpty()
  readonly credential!: object;
}

export class RenamePasskeyDto {
  @ApiField({ maxLength: LABEL_LENGTH, example: 'My laptop' })
  @IsLabel()
  @IsNotEmpty()
  readonly name!: string;
}

/** How to sign in with a passkey. */
@OptionalBody()
export class PasskeyOptionsDto {
  @ApiField({ required: false, nullable: true, enum: [...TRANSPORTS], description: 'As in `signIn`.' })
  @IsIn(TRANSPORTS)
  @IsOptional()
  readonly transport?: Transport | null;
}

export class PasskeySignInDto extends PasskeyOptionsDto {
  @ApiField({ type: Object, additionalProperties: true, description: CREDENTIAL })
  @IsObject()
  @IsNotEmpty()
  readonly credential!: object;

  @ApiField({
    required: false,
    type: String,
    nullable: true,
    maxLength: 100,
    description: 'The `token` of the options, if there was one.',
  })
  @MaxLength(100)
  @IsString()
  @IsOptional()
  readonly token?: string | null;

  @ApiField({ required: false, nullable: true, type: Boolean, description: 'As in `signIn`.' })
  @IsBoolean()
  @IsOptional()
  readonly remember?: boolean | null;
}

/** The schema of an authenticator app. */
export class TotpDto {
  @ApiField({ format: 'date-time' })
  readonly created_at!: string;
}

/** The schema of the recovery codes. */
export class RecoveryCodesDto {
  @ApiField({ type: 'integer', description: 'How many are left.' })
  readonly left!: number;

  @ApiField({ format: 'date-time' })
  readonly created_at!: string;
}

/** The schema of a passkey. */
export class PasskeyDto {
  @ApiField({ description: 'The id of the credential, base64url.' })
  readonly id!: string;

  @ApiField({ example: 'My laptop' })
  readonly name!: string;

  @ApiField({ format: 'date-time' })
  readonly created_at!: string;

  @ApiField({ type: String, format: 'date-time', nullable: true })
  readonly last_used_at!: string | null;

  @ApiField({ description: 'Whether a service keeps it for other devices of the person.' })
  readonly backed_up!: boolean;
}

/** The schema of the factors of a user. */
export class FactorsDto {
  @ApiField({ type: TotpDto, nullable: true })
  readonly totp!: TotpDto | null;

  @ApiField({ type: PasskeyDto, isArray: true })
  readonly passkeys!: PasskeyDto[];

  @ApiField({ type: RecoveryCodesDto, nullable: true })
  readonly recovery_codes!: RecoveryCodesDto | null;

  @ApiField({ description: 'Whether this server asks the user for a second factor.' })
  readonly required!: boolean;
}

/** The schema of what an authenticator app needs. */
export class TotpSetupDto {
  @ApiField({ description: 'Base32, to type in.' })
  readonly secret!: string;

  @ApiField({ description: 'An `otpauth:` URI.' })
  readonly uri!: string;

  @ApiField({ description: 'The URI as a QR code, in SVG.' })
  readonly qr_code!: string;
}

/** The schema of the answer to a new factor. */
export class EnrolledDto {
  @ApiField({
    type: [String],
    nullable: true,
    description:
      'With the first factor: codes for the case that all factors are lost. Only this answer has them.',
  })
  readonly recovery_codes!: string[] | null;

  @ApiField({ required: false, type: PasskeyDto })
  readonly passkey?: PasskeyDto;

  @ApiField({ required: false, description: 'The new token of a bearer session, with the first factor.' })
  readonly token?: string;
}

export class RecoveryCodeListDto {
  @ApiField({ type: [String] })
  readonly recovery_codes!: string[];
}

/** The schema of what a browser needs for a passkey. */
export class WebAuthnOptionsDto {
  @ApiField({
    type: Object,
    additionalProperties: true,
    description:
      'For `PublicKeyCredential.parseCreationOptionsFromJSON()` or `parseRequestOptionsFromJSON()`.',
  })
  readonly options!: object;

  @ApiField({
    required: false,
    description: 'To send back with the answer, where the client has no cookies.',
  })
  readonly token?: string;
}

/** The schema of a second step. */
export class SecondStepDto {
  @ApiField({
    enum: ['passkey', 'totp', 'recovery_code'],
    isArray: true,
    description: 'The factors of which one must follow; empty if the user must set one up first.',
  })
  readonly factors!: string[];
}

/** The schema of a user who has signed in with a new factor. */
export class EnrolledUserDto extends SignedInUserDto {
  @ApiField({
    type: [String],
    nullable: true,
    description: 'Codes for the case that all factors are lost. Only this answer has them.',
  })
  readonly recovery_codes!: string[] | null;
}
