const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** How well an account knows whoever tries its password: not at all, by their network, or by a ticket they hold of it. */
export type Familiarity = 'stranger' | 'network' | 'browser';

/** Failures in a row that are for free; each one from the next on is followed by a delay. */
const FREE_FAILURES = 4;

interface Patience {
  /** Failures in a row after which nothing counts any more. */
  readonly inARow: number;
  /** The same, within a day. */
  readonly aDay: number;
  /** Milliseconds; the first delay is a second, and each is twice the one before. */
  readonly longestDelay: number;
}

/**
 * No more than 50 failures in a row are ever evaluated (NIST SP 800-63B-4, section 3.2.2, allows 100). What strangers
 * leave of them is for those who are known, so that no stranger locks anybody out.
 */
const PATIENCE: Readonly<Record<Familiarity, Patience>> = {
  stranger: { inARow: 30, aDay: 60, longestDelay: 15 * MINUTE },
  network: { inARow: 40, aDay: 80, longestDelay: 15 * SECOND },
  browser: { inARow: 50, aDay: 100, longestDelay: 15 * SECOND },
};

/** The failures at one account; instants are epoch milliseconds. */
export interface Guesses {
  /** Since the last success. */
  readonly inARow: number;
  readonly today: number;
  readonly dayBegan: number;
  /** Until when nothing counts, by familiarity. */
  readonly delayedUntil: Readonly<Record<Familiarity, number>>;
}

const NOT_DELAYED = { stranger: 0, network: 0, browser: 0 };

/** No failures, which is what a forgiven account has. */
export function noGuesses(now: number): Guesses {
  return { inARow: 0, today: 0, dayBegan: now, delayedUntil: NOT_DELAYED };
}

/** The guesses that a text is the JSON of; null for any other text. */
export function parseGuesses(text: string): Guesses | null {
  try {
    const { inARow, today, dayBegan, delayedUntil } = JSON.parse(text) as Guesses;
    const { stranger, network, browser } = delayedUntil;
    const isSound = [inARow, today, dayBegan, stranger, network, browser].every(Number.isSafeInteger);
    return isSound ? { inARow, today, dayBegan, delayedUntil: { stranger, network, browser } } : null;
  } catch {
    return null;
  }
}

/**
 * The guesses without what only a wrong clock can have noted: a day that begins later than now begins now, and a delay that
 * is longer than the longest one is none.
 */
export function believable(guesses: Guesses, now: number): Guesses {
  const delays = Object.entries(guesses.delayedUntil) as [Familiarity, number][];
  const delayedUntil = Object.fromEntries(
    delays.map(([by, until]) => [by, until <= now + PATIENCE[by].longestDelay ? until : 0]),
  ) as Guesses['delayedUntil'];
  return { ...guesses, dayBegan: Math.min(guesses.dayBegan, now), delayedUntil };
}

/** The guesses with one more, or null where it does not count, be it right or wrong. */
export function judge(
  before: Guesses | null,
  by: Familiarity,
  isRight: boolean,
  now: number,
): Guesses | null {
  const { inARow, today, dayBegan, delayedUntil } = onDayOf(now, before);
  const patience = PATIENCE[by];
  if (inARow >= patience.inARow || today >= patience.aDay || now < delayedUntil[by]) return null;
  if (isRight) return { inARow: 0, today, dayBegan, delayedUntil: NOT_DELAYED };
  return {
    inARow: inARow + 1,
    today: today + 1,
    dayBegan,
    delayedUntil: { ...delayedUntil, [by]: now + delayAfter(inARow + 1, patience.longestDelay) },
  };
}

function onDayOf(now: number, guesses: Guesses | null): Guesses {
  if (!guesses) return noGuesses(now);
  return now < guesses.dayBegan + DAY ? guesses : { ...guesses, today: 0, dayBegan: now };
}

function delayAfter(failures: number, longest: number): number {
  if (failures <= FREE_FAILURES) return 0;
  return Math.min(SECOND * 2 ** (failures - FREE_FAILURES - 1), longest);
}
