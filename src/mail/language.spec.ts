import { describe, expect, it } from '@jest/globals';
import { chooseLanguage } from './language.js';

const LANGUAGES = ['en', 'de', 'pt-BR'] as const;

describe('The language of a client', () => {
  it.each([
    ['de', 'de'],
    ['de-AT,de;q=0.9,en;q=0.5', 'de'],
    ['DE', 'de'],
    ['fr,de;q=0.4,en;q=0.2', 'de'],
    ['fr;q=0.9, en;q=0.3, de;q=0.8', 'de'],
    ['pt-br', 'pt-BR'],
    ['en;q=0, de;q=0.1', 'de'],
    ['*', 'en'],
    ['*;q=0.5, de', 'de'],
    ['fr', 'en'],
    ['', 'en'],
    [null, 'en'],
    [undefined, 'en'],
    [';;;,,,q=', 'en'],
    ['de;q=banana', 'en'],
    ['\0\r\n', 'en'],
  ])('of %j is %s', (header, language) => {
    expect(chooseLanguage(header, LANGUAGES)).toBe(language);
  });

  it('is the first one if the header is longer than that of any browser', () => {
    expect(chooseLanguage(`${'fr,'.repeat(100)}de`, LANGUAGES)).toBe('de');
    expect(chooseLanguage(`${'fr,'.repeat(200)}de`, LANGUAGES)).toBe('en');
  });
});
