import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';
import { IsVisible } from '../../is-visible.js';

/** The longest name of a session, in code points. */
export const LABEL_LENGTH = 100;

/** A valid name for a session: no invisible characters, and at least one visible one. */
export const IsLabel = () =>
  applyDecorators(
    IsVisible(),
    Matches(/./su, { message: 'must contain a visible character' }),
    MaxLength(LABEL_LENGTH),
    IsString(),
  );
