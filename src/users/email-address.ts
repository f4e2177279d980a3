import { domainToUnicode } from 'node:url';
import { isEmail } from 'class-validator';
import { hasInvisible } from '../common/visible.js';
import { emailKey } from './user.js';

/** What the IdentifierClass of RFC 8264 has beyond ASCII, without what it allows in some contexts alone. */
const LETTERS_AND_DIGITS = /^[\0-\x7f\p{Ll}\p{Lu}\p{Lo}\p{Lm}\p{Mn}\p{Mc}\p{Nd}]*$/u;
const CONTEXTUAL = /[\u00B7\u0375\u05F3\u05F4\u0660-\u0669\u06F0-\u06F9\u30FB]/;
const DISALLOWED = /[\u0640\u07FA\u1100-\u11FF\u302E\u302F\u3031-\u3035\u303B\uA960-\uA97C\uD7B0-\uD7FB]/;

/** A mark on nothing, a mark that covers the same mark, and a dot on a letter that has one (UTS #39, section 5.4). */
const HIDDEN_MARK = /(?:^|[^\p{L}\p{M}\p{Nd}])\p{M}|(\p{Mn})\1|[\p{Soft_Dotted}l\u0131\u0237]\p{M}*\u0307/u;

/** The alphabets that have letters of the same looks; one name has letters of one of them. */
const ALPHABETS = ['Latin', 'Greek', 'Cyrillic', 'Armenian', 'Cherokee', 'Coptic'].map(
  (script) => new RegExp(String.raw`\p{Script=${script}}`, 'u'),
);

/** A part of a name in a script that runs from right to left has no letters that run the other way (RFC 5893). */
const RIGHT_TO_LEFT = /[\u0590-\u08FF]/;
const ONE_DIRECTION = /^[\u0590-\u08FF](?:[\u0590-\u08FF\d_+-]*[\u0590-\u08FF\d])?$/;

/** A sentence that says why a text is no address for a new account, or null. Blanks around it do not count. */
export function addressFault(text: string): string | null {
  const key = emailKey(text);
  const [local, domain] = [key.slice(0, key.lastIndexOf('@')), key.slice(key.lastIndexOf('@') + 1)];
  if (!isPlainLocalPart(local) || !isPlainDomain(domain) || hasInvisible(text.trim()))
    return 'Must be an e-mail address with letters of one alphabet, and without quotation marks or invisible characters.';
  return isEmail(key) ? null : 'Must be an e-mail address, such as ann@example.com.';
}

/**
 * Whether no other local part reads like this one: what RFC 8265, section 3.3, asks of a user name in lower case, as far as
 * Unicode's properties say it, and one alphabet. A quoted one (RFC 5321, section 4.1.2) can be what any other is.
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

/** Whether a domain, as DNS has it, is one that browsers show as it is (UTS #46). */
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
