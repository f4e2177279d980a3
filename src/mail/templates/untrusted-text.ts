import { INVISIBLE } from '../../common/visible.js';

const GAPS = new RegExp(`(?:${INVISIBLE}|\\s)+`, 'gu');

/** What mail clients make a link of: a scheme, an address or the name of a host. */
const LINK = /\/\/|@|\bwww\b|[\p{L}\p{N}][.。．｡]\p{L}{2}/iu;

/** In one line of at most `most` characters, without invisible characters. */
export function oneLine(text: string, most: number): string {
  const line = [...text.replace(GAPS, ' ').trim()];
  return line.length > most
    ? `${line
        .slice(0, most - 1)
        .join('')
        .trimEnd()}…`
    : line.join('');
}

/** The same, or null if nothing is left or a mail client would make a link of it. */
export function harmless(text: string | null, most: number): string | null {
  const line = text === null ? '' : oneLine(text, most);
  return line === '' || LINK.test(line) ? null : line;
}
