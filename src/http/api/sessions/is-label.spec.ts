import { describe, expect, it } from '@jest/globals';
import { validate } from 'class-validator';
import { INVISIBLE_CHARACTERS } from '../../../../test/support/invisible.js';
import { IsLabel } from './is-label.js';

class Coat {
  @IsLabel()
  readonly label: unknown;

  constructor(label: unknown) {
    this.label = label;
  }
}

const isGood = async (label: unknown) => (await validate(new Coat(label))).length === 0;

describe('A label', () => {
  it.each(['x', 'Mein Büro', '電話', '👩‍💻', '"quoted"', "d'Ann", '__proto__', 'a'.repeat(100)])(
    'may be %j',
    async (label) => {
      expect(await isGood(label)).toBe(true);
    },
  );

  it.each([
    '',
    ' ',
    '\u3000 ',
    '\u200d',
    'two\nlines',
    '\u0000',
    '\u202edrawkcab',
    '\ud800',
    'a'.repeat(101),
  ])('must not be %j', async (label) => {
    expect(await isGood(label)).toBe(false);
  });

  it.each(INVISIBLE_CHARACTERS)('must not have %s', async (_, character) => {
    expect(await isGood(`My ${character}phone`)).toBe(false);
  });

  it('must not be a mark without a letter', async () => {
    expect(await isGood('\u0301')).toBe(false);
  });

  it.each([undefined, null, 7, true, {}, ['x']])('must not be the non-text %j', async (label) => {
    expect(await isGood(label)).toBe(false);
  });
});
