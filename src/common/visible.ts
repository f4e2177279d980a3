import { domainToASCII } from 'node:url';

/**
 * The class of characters that show nothing, or change how others are shown: controls, formats, what Unicode has not
 * assigned, ends of lines, default-ignorable ones (among them variation selectors, tags and Hangul fillers), and the
 * glyphs that are blank.
 */
export const INVISIBLE = String.raw`[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uFFFC\u{13441}\u{13442}\u{16FE4}\u{1D159}]`;

const ANY_INVISIBLE = new RegExp(INVISIBLE, 'u');

/** Sequences of emoji that Unicode recommends (RGI): characters that cannot be seen are within, and one sign is shown. */
const EMOJI = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');

/** Words whose letters are shaped by a joiner or a non-joiner, as in Persian and in scripts of India. */
const JOINED_WORD = /\p{L}[\p{L}\p{M}]*(?:[\u200C\u200D][\p{L}\p{M}]+)+/gu;

/** Whether a text has a character that cannot be seen. */
export function hasInvisible(text: string): boolean {
  return ANY_INVISIBLE.test(text);
}

/**
 * Whether all of a text for people can be seen (the FreeformClass of RFC 8264, with emoji). Joiners may stand where RFC
 * 5892, appendix A, allows them.
 */
export function isVisible(text: string): boolean {
  if (!hasInvisible(text)) return true;
  const rest = text
    .replace(EMOJI, '')
    .replace(JOINED_WORD, (word) => (domainToASCII(word) === '' ? word : ''));
  return !hasInvisible(rest);
}
