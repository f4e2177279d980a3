import { describe, expect, it } from '@jest/globals';
import { INVISIBLE_CHARACTERS } from '../../test/support/invisible.js';
import { addressFault } from './email-address.js';

const PLAIN = 'Must be an e-mail address, such as ann@example.com.';
const PROFILE = expect.stringContaining('without quotation marks or invisible characters');

describe('A new address', () => {
  it.each([
    'ann@example.com',
    ' Ann.Lee+list@Example.COM ',
    "o'neil!#$%&*/=?^_`{|}~@example.com",
    'zoë@example.com',
    'zoe\u0308@example.com',
    'Łukasz@example.pl',
    'иван.петров@example.com',
    'αννα@example.gr',
    'дмитрий1@пример.рф',
    '山田太郎@例え.jp',
    'ヤマダ@example.jp',
    '김@example.kr',
    'नमस्ते@example.in',
    'אבג.דה1@example.org',
    'ahmad.أحمد@example.org',
    'ann@xn--exmple-cua.org',
    'ann@paral·lel.cat',
    'ann@faß.de',
    'ann@ｅxämple。org',
  ])('may be %j', (email) => {
    expect(addressFault(email)).toBeNull();
  });

  it.each(INVISIBLE_CHARACTERS)('has no %s', (_, character) => {
    for (const email of [
      `an${character}n@example.com`,
      `y.${character}x@example.com`,
      `x${character}@example.com`,
    ])
      expect([email, addressFault(email)]).toEqual([email, PROFILE]);
    for (const email of [
      `ann@exam${character}ple.com`,
      `ann@example.${character}com`,
      `ann@${character}a.com`,
    ])
      expect([email, addressFault(email)]).toEqual([email, PROFILE]);
  });

  it.each([
    ['is not quoted', '"a b"@example.com'],
    ['is not quoted unnecessarily', '"ann"@example.com'],
    ['is not quoted in part', 'x."ann"@example.com'],
    ['has no Unicode blank', 'a\u2003n@example.com'],
    ['has no full-width letters', 'ａnn@example.com'],
    ['has no ligature', 'ﬁn@example.com'],
    ['has no Roman numeral of one character', 'ⅷ@example.com'],
    ['has no encircled letter', 'ⓐnn@example.com'],
    ['has no superscript letter', 'annª@example.com'],
    ['has no symbol', 'a€n@example.com'],
    ['has no Unicode dash', 'a‐n@example.com'],
    ['has no middle dot', 'a·n@example.com'],
    ['has no tatweel', 'أـحمد@example.com'],
    ['has no digits of two kinds that look alike', 'أحمد١@example.com'],
    ['does not begin with a mark', '\u0301ann@example.com'],
    ['has no mark on a hyphen', 'a-\u0301n@example.com'],
    ['has no repeated mark', 'ann\u0324\u0324@example.com'],
    ['has no second dot on an i', 'i\u0307nn@example.com'],
    ['has no dotted capital I, which becomes an i with two dots', 'İnn@example.com'],
    ['mixes no Cyrillic and Latin', 'аnn@example.com'],
    ['mixes no Greek and Latin', 'οlga@example.com'],
    ['runs in one direction', 'אa@example.com'],
    ['runs in one direction from its first character', '1א@example.com'],
    ['runs in one direction to its last character', 'א-@example.com'],
    ['has a domain of one alphabet', 'ann@exаmple.com'],
    ['has a domain of one alphabet after decoding', 'ann@xn--exmple-4nf.com'],
    ['has a domain without a blank after decoding', 'ann@xn--6ii.com'],
    ['has a domain that UTS #46 allows', 'ann@xn--a.com'],
  ])('%s: %j', (_, email) => {
    expect(addressFault(email)).toEqual(PROFILE);
  });

  it.each([
    '',
    'ann',
    'ann@',
    '@example.com',
    'a b@example.com',
    'ann@localhost',
    'zoë',
    'ann@example.com,b@c.de',
  ])('is a complete address, which %j is not', (email) => {
    expect(addressFault(email)).toBe(PLAIN);
  });
});
