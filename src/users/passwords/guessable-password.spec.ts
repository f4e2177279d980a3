import { describe, expect, it } from '@jest/globals';
import * as fc from 'fast-check';
import { isGuessable, wordsOf } from './guessable-password.js';

const WORDS = wordsOf('coatcheck', 'ann.o\u2019brien@mail.example.com', 'Zo\u00eb', 'password');

describe('A password', () => {
  it.each([
    'aaaaaaaaaaaaaaa',
    '               ',
    '\u{1f9e5}'.repeat(15),
    'abcabcabcabcabc',
    'abc abc abc abc ab',
    '123123123123123',
    '739205739205739205',
    'passwordpassword',
    'PasswordpassWORD',
    '123456789012345',
    '543210987654321',
    '1234567890987654321',
    'abcdefghijklmno',
    'zyxwvutsrqponml',
    'qwertyuiopasdfg',
    'poiuytrewqlkjhg',
    '1qaz2wsx3edc4rfv',
    '!@#$%^&*()_+!@#$',
    'qwertzuiop12345',
    'azertyuiopqsdfg',
    'йцукенгшщзфывап',
    'qwerty asdfgh zxcvbn',
    'coatcheck',
    'coatcheck2026!!',
    '2026-coatcheck-2026',
    'C0@tCheck 12345',
    'coatcheckcoatch3ck',
    'p@$$w0rd1234567',
    'Password!!!!!!!!',
    'ann.o\u2019brien@mail.example.com',
    'annobrien199012',
    'ann obrien, ann!',
    'example.com 2026',
    'zo\u00ebzo\u00eb12345678',
    'zoe\u0308 2026 zoe\u0308 2026!',
    'ann123password1',
    'qwertycoatcheck',
  ])('%j is guessable', (password) => {
    expect(isGuessable(password, WORDS, 15)).toBe(true);
  });

  it.each([
    'correct horse battery',
    'aaaaaaa bbbbbbb c',
    '739205718364920',
    '!/;:-#%&~=|<>{}',
    'another good password',
    'ann likes her coat',
    'coatchecking 2026',
    'a coat for zo\u00eb 2026',
    'סוס נכון סוללה סיכה',
    '\u{1f9e5}\u{1f600}\u{1f680}\u{1f3a9}\u{1f9e6}'.repeat(3).replace('\u{1f680}', '\u{1f3b7}'),
    'one password of a twice good length one password of a twice good length',
    'qwertyuiop mango',
    '\u{10330}\u{10331} coatcheck \u{10332}\u{10333}',
  ])('%j is not guessable', (password) => {
    expect(isGuessable(password, WORDS, 15)).toBe(false);
  });

  it('that repeats one piece is accepted if the piece has the minimum length', () => {
    expect(isGuessable('mango tea'.repeat(2), [], 10)).toBe(true);
    expect(isGuessable('mango tea'.repeat(2), [], 9)).toBe(false);
  });

  it('is guessable for every padding, order and spelling of its words', () => {
    const word = fc.constantFrom('coatcheck', 'COATCHECK', 'Ann', 'brien', 'ZO\u00cb', 'pa55w0rd', 'qwert');
    const padding = fc.stringMatching(/^[0-9 !.,_#-]{0,4}$/);
    fc.assert(
      fc.property(fc.array(fc.tuple(padding, word), { minLength: 1 }), padding, (parts, end) => {
        expect(isGuessable(parts.flat().join('') + end, WORDS, 15)).toBe(true);
      }),
    );
  });
});
