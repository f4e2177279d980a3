import { describe, expect, it } from '@jest/globals';
import { printable } from './printable.js';

describe('A printable text', () => {
  it.each([
    ['Zo\u00eb O\u2019Neil \u{1f36a}', 'Zo\u00eb O\u2019Neil \u{1f36a}'],
    ['a\r\nb\tc', 'a\\u{d}\\u{a}b\\u{9}c'],
    ['\u001b[31mred\u009b0m', '\\u{1b}[31mred\\u{9b}0m'],
    ['one\u2028two\u2029three\u0085four', 'one\\u{2028}two\\u{2029}three\\u{85}four'],
    ['\u202egnp.exe\ufeff\u0000\u007f', '\\u{202e}gnp.exe\\u{feff}\\u{0}\\u{7f}'],
    ['\ud800', '\\u{d800}'],
  ])('of %j is %j', (text, shown) => {
    expect(printable(text)).toBe(shown);
  });
});
