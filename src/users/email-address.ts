import { domainToUnicode } from 'node:url';
import { isEmail } from 'class-validator';
import { hasInvisible } from '../common/visible.js';
import { emailKey } from './user.js';

/** ASCII and the IdentifierClass of RFC 8264, without the characters that it allows only in some contexts. */
const LETTERS_AND_DIGITS = /^[\0-\x7f\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]*$/u;
const CONTEXTUAL = /[\u00B7\u0375\u05F3\u05F4\u0660-\u0669\u06F0-\u06F9\u30FB]/;
const DISALLOWED = /[\u0640\u07FA\u1100-\u11FF\u302E\u302F\u3031-\u3035\u303B\uA960-\uA97C\uD7B0-\uD7FB]/;

/** A mark without a letter, the same mark twice, and a dot on a letter with a dot (UTS #39, section 5.4). */
const HIDDEN_MARK = /(?:^|[^\p{L}\p{M}\p{Nd}])\p{M}|(\p{Mn})\1|[\p{Soft_Dotted}l\u0131\u0237]\p{M}*\u0307/u;

/** Scripts with letters that can be confused. A name may contain only one of these scripts. */
const ALPHABETS = ['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Cherokee', 'Coptic'].map(
  (script) => new RegExp(String.raw`\p{Script=${script}}`, 'u'),
);

/** A part of a name that has right-to-left letters must not have left-to-right letters (RFC 5893). */
const RIGHT_TO_LEFT = /[\u0590-\u08FF]/;
const ONE_DIRECTION = /^[\u0590-\u08FF](?:[\u0590-\u08FF\d_+-]*[\u0590-\u08FF\d])?$/;

/** A sentence that says why a text is no valid address for a new account, or null. Ignores surrounding blanks. */
export function addressFault(text: string): string | null {
  const key = emailKey(text);
  const [local, domain] = [key.slice(0, key.lastIndexOf('@')), key.slice(key.lastIndexOf('@') + 1)];
  if (!isPlainLocalPart(local) || !isPlainDomain(domain) || hasInvisible(text.trim()))
    return 'Must be an e-mail address with letters of one alphabet, and without quotation marks or invisible characters.';
  return isEmail(key) ? null : 'Must be an e-mail address, such as ann@example.com.';
}

/**
 * Whether no other local part looks like this one: the rules of RFC 8265, section 3.3, for user names in lower case, as far
 * as Unicode properties express them, and only one alphabet. A quoted local part (RFC 5321, section 4.1.2) is refused.
 */
function isPlainLocalPart(local: string): boolean {
  return (
    !local.includes('"') &&
    LETTERS_AND_DIGITS.test(local) &&
    local === local.normalize('NFKC') &&
    !CONTEXTUAL.test(local) &&
    !DISALLOWED.test(local) &&
    isReadable(local) &&
    local.split('.').every((atom) => !RIGHT_TO_LEFT.test(atom) || ONE_DIRECTION.test(atom))
  );
}

/** Whether browsers show a domain in Unicode unambiguously (UTS #46). */
function isPlainDomain(domain: string): boolean {
  if (!/[^\0-\x7f]|xn--/.test(domain)) return true;
  const shown = domainToUnicode(domain);
  return shown !== '' && !hasInvisible(shown) && shown.split('.').every(isReadable);
}

function isReadable(name: string): boolean {
  return (
    !HIDDEN_MARK.test(name.normalize('NFD')) &&
    ALPHABETS.filter((alphabet) => alphabet.test(name)).length <= 1
  );
}
