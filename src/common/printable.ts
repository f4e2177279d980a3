import { INVISIBLE } from './visible.js';

const EACH_INVISIBLE = new RegExp(INVISIBLE, 'gu');

/** Escapes invisible characters and line breaks, so that one log event stays one line. */
export function printable(text: string): string {
  return text.replace(EACH_INVISIBLE, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}
