import { applyDecorators } from '@nestjs/common';
import { IsNotEmpty, IsString, MaxLength } from 'class-validator';
import { IsVisible } from '../../common/is-visible.js';

/** The longest name of a session, in code points. */
export const LABEL_LENGTH = 100;

/** A name that people give a session: it shows all that is in it, and something. */
export const IsLabel = () => applyDecorators(IsVisible(), IsNotEmpty(), MaxLength(LABEL_LENGTH), IsString());
