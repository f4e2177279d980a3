import { applyDecorators } from '@nestjs/common';
import { IsOptional, IsString, MaxLength } from 'class-validator';
import { ApiField } from '../../api-notes.js';
import { IsVisible } from '../../is-visible.js';

/** A valid name of a person, or null for none. */
export const IsName = () =>
  applyDecorators(
    ApiField({ required: false, type: String, nullable: true, maxLength: 200 }),
    IsOptional(),
    IsString(),
    MaxLength(200),
    IsVisible(),
  );
