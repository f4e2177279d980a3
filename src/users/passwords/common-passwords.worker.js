import { readFileSync } from 'node:fs';
import { brotliDecompressSync } from 'node:zlib';

/**
 * Each password of at least eight characters between line breaks, in lower case, as `scripts/common-passwords.js` writes them. Bytes
 * need a tenth of the memory of a set of strings.
 */
const list = brotliDecompressSync(readFileSync(new URL('common-passwords.br', import.meta.url)));

/**
 * Whether a password of at least eight characters is on the list, whatever its case.
 *
 * @param {string} password
 * @returns {boolean}
 */
export default function isCommon(password) {
  return !/[\r\n]/.test(password) && list.includes(`\n${password.toLowerCase()}\n`);
}
