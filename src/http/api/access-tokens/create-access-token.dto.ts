import { IsIn } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import { IsInstant } from '../../is-instant.js';
import { SESSION_SCOPES, type SessionScope } from '../../../sessions/session.js';
import { IsLabel, LABEL_LENGTH } from '../sessions/is-label.js';

export class CreateAccessTokenDto {
  @ApiField({ maxLength: LABEL_LENGTH, example: 'backup' })
  @IsLabel()
  readonly label!: string;

  @ApiField({
    enum: [...SESSION_SCOPES],
    description: '`read` allows `GET`, `HEAD` and `OPTIONS` only.',
    example: 'read',
  })
  @IsIn(SESSION_SCOPES)
  readonly scope!: SessionScope;

  @ApiField({
    format: 'date-time',
    description: 'At most 366 days from now. A date without a time means its beginning in UTC.',
    example: '2027-01-31T00:00:00.000Z',
  })
  @CheckedBy('token_end')
  @IsInstant()
  readonly expires_at!: string;
}
