import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';
import { IsVisible } from '../../is-visible.js';

/** The longest name of a session, in code points. */
export const LABEL_LENGTH = 100;

/** A name that people give a session: it shows all that is in it, and something. */
export const IsLabel = () =>
  applyDecorators(
    IsVisible(),
    Matches(/./su, { message: 'must contain a visible character' }),
    MaxLength(LABEL_LENGTH),
    IsString(),
  );
