/** Keyboard rows and sequences, which count forwards and backwards. */
const ROWS = [
  'abcdefghijklmnopqrstuvwxyz',
  '01234567890',
  '`1234567890-=',
  '~!@#$%^&*()_+',
  'qwertyuiop[]',
  "asdfghjkl;'",
  'zxcvbnm,./',
  'qwertzuiopü',
  'yxcvbnm',
  'azertyuiop',
  'qsdfghjklm',
  'wxcvbn',
  'йцукенгшщзхъ',
  'фывапролджэ',
  'ячсмитьбю',
  '1qaz2wsx3edc4rfv5tgb6yhn7ujm8ik9ol0p',
  'qazwsxedcrfvtgbyhnujmikolp',
  '1q2w3e4r5t6y7u8i9o0p',
  'q1w2e3r4t5y6u7i8o9p0',
];

/** Longer runs consist of runs of these lengths. */
const RUN_LENGTHS = [3, 4, 5];
const RUNS = new Set(
  ROWS.flatMap((row) => [row, [...row].toReversed().join('')]).flatMap((row) =>
    RUN_LENGTHS.flatMap((length) => [...row].map((_, at) => row.slice(at, at + length))),
  ),
);

/** Characters that stand for letters, as in `p4ssw0rd`. */
const DISGUISES: Readonly<Record<string, string>> = {
  a: '@4',
  e: '3',
  i: '1!',
  l: '1',
  o: '0',
  s: '5$',
  t: '7',
};

/** The words of texts: sequences of letters, in lower case. */
export function wordsOf(...texts: readonly string[]): string[] {
  const words = texts.flatMap((text) => lower(text).match(/[\p{L}\p{M}]+/gu) ?? []);
  return [...new Set(words)];
}

/**
 * Whether a password repeats one piece shorter than `shortest`; or consists only of `words`, also with digits or signs for
 * letters, and runs along keyboard rows, the alphabet or digits, with any digits, signs and blanks between them.
 */
export function isGuessable(password: string, words: readonly string[], shortest: number): boolean {
  const text = [...lower(password)];
  return isRepetition(text, shortest) || isPatchwork(text, words);
}

function isRepetition(text: readonly string[], shortest: number): boolean {
  const longest = Math.min(shortest - 1, Math.floor(text.length / 2));
  for (let length = 1; length <= longest; length += 1)
    if (text.every((character, at) => at < length || character === text[at - length])) return true;
  return false;
}

/** Tries all pieces from each reachable position. In a password without letters, other characters are no padding. */
function isPatchwork(text: readonly string[], words: readonly string[]): boolean {
  const canBePadded = text.some(isLetter);
  const spelled = words.map((word) => [...word]);
  const reached = new Set([0]);
  for (let at = 0; at < text.length; at += 1) {
    if (!reached.has(at)) continue;
    if (canBePadded && !isLetter(text[at]!)) reached.add(at + 1);
    for (const length of RUN_LENGTHS)
      if (RUNS.has(text.slice(at, at + length).join(''))) reached.add(at + length);
    for (const word of spelled) if (startsWith(text, at, word)) reached.add(at + word.length);
  }
  return reached.has(text.length);
}

function startsWith(text: readonly string[], at: number, word: readonly string[]): boolean {
  return word.every((letter, index) => {
    const character = text[at + index];
    return character !== undefined && (character === letter || DISGUISES[letter]?.includes(character));
  });
}

function isLetter(character: string): boolean {
  return /^[\p{L}\p{M}]/u.test(character);
}

function lower(text: string): string {
  return text.normalize('NFC').toLowerCase();
}
