import { INVISIBLE } from './visible.js';

const EACH_INVISIBLE = new RegExp(INVISIBLE, 'gu');

/** A text with whatever cannot be seen, or would begin another line, written out: one event stays one line. */
export function printable(text: string): string {
  return text.replace(EACH_INVISIBLE, (sign) => `\\u{${sign.codePointAt(0)!.toString(16)}}`);
}
