import { applyDecorators } from '@nestjs/common';
import { IsString, Matches, MaxLength } from 'class-validator';

/** The longest name of a session, in code points. */
export const LABEL_LENGTH = 100;

/** A name that people give a session: it shows all that is in it, and something. */
export const IsLabel = () =>
  applyDecorators(
    Matches(/[^\p{C}\p{Z}]/u, { message: 'must have something to see' }),
    Matches(/^[\P{C}\u200d]*$/u, { message: 'must have no control characters' }),
    MaxLength(LABEL_LENGTH),
    IsString(),
  );
