import { IsIn, IsISO8601, Matches } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';
import { SESSION_SCOPES, type SessionScope } from '../../sessions/session.js';
import { IsLabel, LABEL_LENGTH } from './is-label.js';

export class CreateAccessTokenDto {
  @ApiField({ maxLength: LABEL_LENGTH })
  @IsLabel()
  readonly label!: string;

  @ApiField({ enum: [...SESSION_SCOPES], description: '`read` for `GET`, `HEAD` and `OPTIONS` alone.' })
  @IsIn(SESSION_SCOPES)
  readonly scope!: SessionScope;

  @ApiField({
    format: 'date-time',
    description: 'At most 366 days ahead; a date alone is its first moment in UTC.',
  })
  @Matches(/^\d{4}-\d\d-\d\d(T.*(Z|[+-]\d\d:\d\d))?$/, { message: 'must be a date, or a time with its zone' })
  @IsISO8601({ strict: true, strictSeparator: true })
  readonly expires_at!: string;
}
