import { describe, expect, it } from '@jest/globals';
import { INVISIBLE_CHARACTERS } from '../../test/support/invisible.js';
import { isVisible } from './visible.js';

describe('A text for people', () => {
  it.each(['Ann', 'Zoë O’Neil-Łukasz', '山田　太郎', 'नमस्ते', '👩‍💻 ❤️ 🏴󠁧󠁢󠁥󠁮󠁧󠁿 1️⃣', 'a‑b_c (d) €', ''])(
    'may be %j',
    (text) => {
      expect(isVisible(text)).toBe(true);
    },
  );

  it.each([
    ['Persian', 'علی\u200cرضا'],
    ['Sinhala', 'ක්\u200dෂ'],
    ['Hindi', 'क्\u200dष'],
  ])('may have a joiner where %s has one', (_, text) => {
    expect(isVisible(text)).toBe(true);
    expect(isVisible(`${text}\u200c`)).toBe(false);
  });

  it.each(INVISIBLE_CHARACTERS)('may not have %s', (_, character) => {
    for (const text of [
      character,
      `An${character}n`,
      `${character}Ann`,
      `Ann${character}`,
      `👩${character}x`,
    ])
      expect([text, isVisible(text)]).toEqual([text, false]);
  });
});
