import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { IsVisible } from '../../is-visible.js';
import { STANDARD } from '../standard-only.js';

/** A name of a person, or null for none. The course's contract takes all but control characters. */
export const IsName = () =>
  applyDecorators(
    ApiField({ required: false, type: String, nullable: true, maxLength: 200 }),
    IsOptional(),
    IsString(),
    MaxLength(200),
    IsVisible(STANDARD),
    Matches(/^\P{Cc}*$/u, { message: 'must not contain control characters', groups: ['alx'] }),
  );
