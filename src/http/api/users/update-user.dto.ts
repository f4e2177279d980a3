import { applyDecorators } from '@nestjs/common';
import { IsBoolean, IsNotEmpty, IsString, MaxLength, ValidateIf } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { CheckedBy } from '../../field-rules.js';
import { IsName } from './is-name.js';

/** A field that is optional and not nullable. */
const IsAbsentOr = (...rules: PropertyDecorator[]) =>
  applyDecorators(
    ValidateIf((_, value) => value !== undefined),
    ...rules,
    IsNotEmpty(),
  );

/** Absent fields do not change; null removes a name. */
export class UpdateUserDto {
  @ApiField({ required: false, format: 'email', maxLength: 254 })
  @CheckedBy('address')
  @IsAbsentOr(MaxLength(254), IsString())
  readonly email?: string;

  @IsName()
  readonly first_name?: string | null;

  @IsName()
  readonly last_name?: string | null;

  @ApiField({ required: false, type: String, description: 'For administrators.' })
  @CheckedBy('role')
  @IsAbsentOr(IsString())
  readonly role?: string;

  @ApiField({ required: false, type: Boolean, description: 'For administrators.' })
  @IsAbsentOr(IsBoolean())
  readonly disabled?: boolean;
}
