import { domainToASCII } from 'node:url';

/**
 * The class of characters that are invisible, or change how others are shown: controls, formats, unassigned ones, line ends,
 * default-ignorable ones (such as variation selectors, tags and Hangul fillers), and blank glyphs.
 */
export const INVISIBLE = String.raw`[\p{C}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\uFFFC\u{13441}\u{13442}\u{16FE4}\u{1D159}]`;

const ANY_INVISIBLE = new RegExp(INVISIBLE, 'u');

/** Emoji sequences that Unicode recommends (RGI). They contain invisible characters, and show one sign. */
const EMOJI = new RegExp(String.raw`\p{RGI_Emoji}`, 'gv');

/** Words with a joiner or a non-joiner, as in Persian and in Indian scripts. */
const JOINED_WORD = /\p{L}[\p{L}\p{M}]*(?:[\u200C\u200D][\p{L}\p{M}]+)+/gu;

/** Whether a text has an invisible character. */
export function hasInvisible(text: string): boolean {
  return ANY_INVISIBLE.test(text);
}

/**
 * Whether a text has only visible characters (the FreeformClass of RFC 8264, with emoji). Joiners are accepted where RFC
 * 5892, appendix A, allows them.
 */
export function isVisible(text: string): boolean {
  if (!hasInvisible(text)) return true;
  const rest = text
    .replace(EMOJI, '')
    .replace(JOINED_WORD, (word) => (domainToASCII(word) === '' ? word : ''));
  return !hasInvisible(rest);
}
