import { describe, expect, it } from '@jest/globals';
import { isUuidV7, uuidText, uuidV7 } from './uuid-v7.js';

const at = Date.UTC(2026, 0, 1);

describe('A UUID of version 7', () => {
  it('begins with the time, and has the version and the variant in their places', () => {
    // Of 64 with random rests, some would not have them by chance.
    for (let one = 0; one < 64; one += 1)
      expect(uuidText(uuidV7(at))).toMatch(/^019b76da-a800-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/);
  });

  it('is in the order of its count', () => {
    const counts = [0, 1, 2, 255, 256, 0x3ffe, 0x3fff, 0x4000, 0x4001, 0x3ff_ffff];
    const made = counts.map((count) => uuidText(uuidV7(at, count)));
    expect(made.toSorted()).toEqual(made);
    expect(made.every(isUuidV7)).toBe(true);
  });

  it('is another each time', () => {
    expect(new Set(Array.from({ length: 1000 }, () => uuidText(uuidV7(at, 0)))).size).toBe(1000);
  });

  it.each([
    '',
    'nonsense',
    `${uuidText(uuidV7(at))} `,
    '019b7635-1800-4000-8000-000000000000',
    '019b7635-1800-7000-c000-000000000000',
  ])('is not %j', (text) => expect(isUuidV7(text)).toBe(false));
});
