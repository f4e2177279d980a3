import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';

/** The longest name of a session, in code points. */
export const LABEL_LENGTH = 100;

/** A name that people give a session: it shows all that is in it, and something. */
export const IsLabel = () =>
  applyDecorators(
    Matches(/[^\p{C}\p{Z}]/u, { message: 'must contain a visible character' }),
    Matches(/^[\P{C}\u200d]*$/u, { message: 'must not contain control characters' }),
    MaxLength(LABEL_LENGTH),
    IsString(),
  );
