import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiField } from '../../common/api-notes.js';

/** A name of a person, or null for none. */
export const IsName = () =>
  applyDecorators(
    ApiField({ required: false, type: String, nullable: true, maxLength: 200 }),
    IsOptional(),
    IsString(),
    MaxLength(200),
    Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters' }),
  );
