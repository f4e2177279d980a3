import { IsIn, IsISO8601, Matches } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import { SESSION_SCOPES, type SessionScope } from '../../../sessions/session.js';
import { IsLabel, LABEL_LENGTH } from '../sessions/is-label.js';

const IS_DATE = {
  message: 'must be a date (2027-01-31), or a date and time with a time zone (2027-01-31T12:00:00Z)',
};

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
  @Matches(/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/, IS_DATE)
  @IsISO8601({ strict: true, strictSeparator: true }, IS_DATE)
  readonly expires_at!: string;
}
