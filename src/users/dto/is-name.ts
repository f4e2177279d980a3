import { applyDecorators } from '@nestjs/common';
import { ApiPropertyOptional } from '@nestjs/swagger';
import { IsOptional, IsString, Matches, MaxLength } from 'class-validator';

/** A name of a person, or null for none. */
export const IsName = () =>
  applyDecorators(
    ApiPropertyOptional({ type: String, nullable: true, maxLength: 200 }),
    IsOptional(),
    IsString(),
    MaxLength(200),
    Matches(/^\P{Cc}*$/u, { message: 'must have no control characters' }),
  );
