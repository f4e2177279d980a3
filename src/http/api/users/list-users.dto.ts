import { Transform } from 'class-transformer';
import {
  IsIn,
  IsNotEmpty,
  IsOptional,
  IsString,
  MaxLength,
  ValidateBy,
  type ValidationArguments,
} from 'class-validator';
import { USER_SORTS, type UserSort } from '../../../users/user-query.js';
import { ApiField } from '../../api-notes.js';
import { IsVisible } from '../../is-visible.js';
import { LimitDto } from '../../page.dto.js';
import { NO_CURSOR, userPositionOf } from './user-cursor.js';

/** Enough for the longest key of an order. */
const LONGEST_CURSOR = 8000;

export class ListUsersDto extends LimitDto {
  @ApiField({
    required: false,
    maxLength: LONGEST_CURSOR,
    description: 'The `Next-Cursor` header of the previous page. It is valid for the same `sort` only.',
  })
  @IsOptional()
  @ValidateBy({
    name: 'isCursor',
    validator: {
      validate: (value: unknown, { object }: ValidationArguments) =>
        typeof value === 'string' &&
        value.length <= LONGEST_CURSOR &&
        userPositionOf(value, (object as ListUsersDto).sort ?? 'created') !== null,
      defaultMessage: () => NO_CURSOR,
    },
  })
  readonly cursor?: string;

  @ApiField({
    required: false,
    maxLength: 254,
    description: 'The beginning of the e-mail address, in upper or lower case.',
    example: 'ann@',
  })
  @IsOptional()
  @IsString()
  @MaxLength(254)
  @IsVisible()
  @IsNotEmpty()
  readonly email?: string;

  @ApiField({
    required: false,
    maxLength: 200,
    description:
      'The beginning of the first name, of the last name, or of both in either order, in upper or lower case.',
    example: 'Lee',
  })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsVisible()
  @IsNotEmpty()
  readonly name?: string;

  @ApiField({ required: false, maxLength: 200, description: 'The exact role.', example: 'admin' })
  @IsOptional()
  @IsString()
  @MaxLength(200)
  @IsVisible()
  @IsNotEmpty()
  readonly role?: string;

  @ApiField({ required: false, type: Boolean })
  @IsOptional()
  @Transform(({ value }) => ({ true: true, false: false })[String(value)] ?? value)
  @IsIn([true, false])
  readonly disabled?: boolean;

  @ApiField({
    required: false,
    enum: [...USER_SORTS],
    description:
      'The order: by creation (the default), by address, or by last and then first name. `-` is descending.',
  })
  @IsOptional()
  @IsIn(USER_SORTS)
  readonly sort?: UserSort;
}
