import { isFromWrongClock } from '../common/clock.js';
import { jsonIn } from '../common/json.js';
import { isCount, isInstant, isRecord } from './counter-text.js';

export const SECOND = 1000;
const MINUTE = 60 * SECOND;
const DAY = 24 * 60 * MINUTE;

/** How well an account knows a source: not at all, by its network, or by a session token of the account. */
export type Familiarity = 'stranger' | 'network' | 'browser';

const FAMILIARITIES = ['stranger', 'network', 'browser'] as const satisfies Familiarity[];

/** The milliseconds in which a full counter drains. */
export const PERIOD = 30 * DAY;

/**
 * The largest number of failures in a counter. With those that drain, at most 100 guesses count in any 30 days (NIST SP
 * 800-63B-4, section 3.2.2).
 */
const CAPACITY = 50;

/** What one failure adds to a counter: the milliseconds in which it drains. */
export const ONE = PERIOD / CAPACITY;

/** Failures in a row that are followed by no delay. */
export const FREE_FAILURES = 4;

/** The milliseconds without a failure after which the failures in a row are forgotten. */
export const IN_A_ROW_FOR = DAY;

/** In milliseconds. The first delay is one second; each further delay is twice the previous one. */
export const LONGEST_DELAY: Readonly<Record<Familiarity, number>> = {
  stranger: 15 * MINUTE,
  network: 15 * SECOND,
  browser: 15 * SECOND,
};

/** Failures that drain with time. */
export interface FailureCount {
  /** The milliseconds until they have drained, as of the last failure. */
  readonly level: number;
  /** Failures since the last success, as long as a day does not pass without one. */
  readonly inARow: number;
  /** The instant of the last failure, in epoch milliseconds. */
  readonly at: number;
}

/** The failures at one account. */
export interface Guesses extends Counts {
  /** The share of each network in the level of unknown clients, by the largest network of the client. */
  readonly holders: Readonly<Record<string, number>>;
}

/** The source of a guess. */
export interface Guesser {
  /** How well the account knows it, best first. `stranger` is always the last. */
  readonly familiarities: readonly Familiarity[];
  /** The largest network that one customer of a provider is usually given. */
  readonly holder: string;
}

export const NO_FAILURES: FailureCount = { level: 0, inARow: 0, at: 0 };

/** No failures: a new account, or one after a reset. */
export const NO_GUESSES: Guesses = {
  stranger: NO_FAILURES,
  network: NO_FAILURES,
  browser: NO_FAILURES,
  holders: {},
};

/** The milliseconds after which a counter is empty. */
export const GUESSES_LAST_FOR = PERIOD + DAY;

/** Whether a guess counts, and the guesses with it. One that does not count is refused, whether it is right or wrong. */
export function evaluate(
  before: Guesses,
  { familiarities, holder }: Guesser,
  isRight: boolean,
  now: Date,
): { readonly counts: boolean; readonly guesses: Guesses } {
  const kept = { ...before, ...eachOf(before, (count) => believable(count, now)) };
  const current = drained(kept, now);
  const by = familiarities.find((familiarity) => hasRoom(current, familiarity, holder));
  if (!by || delayLeft(current[by], now, LONGEST_DELAY[by]) > 0) return { counts: false, guesses: kept };
  if (isRight) return { counts: true, guesses: { ...kept, [by]: { ...kept[by], inARow: 0 } } };
  const { level, inARow, at } = current[by];
  const failed = { level: level + ONE, inARow: inARow + 1, at: Math.max(at, now.getTime()) };
  const holders = { ...current.holders, [holder]: (current.holders[holder] ?? 0) + ONE };
  return {
    counts: true,
    guesses: { ...kept, [by]: failed, holders: by === 'stranger' ? holders : kept.holders },
  };
}

/** Adds a failure to the counter of a code. Only delays limit attempts at a code. */
export function withFailedCode(before: FailureCount, now: Date): FailureCount {
  const { inARow, at } = drainedCount(believable(before, now), now);
  return { level: 0, inARow: inARow + 1, at: Math.max(at, now.getTime()) };
}

/** The milliseconds for which attempts at a code are refused. */
export function codeDelayLeft(count: FailureCount, now: Date): number {
  return delayLeft(drainedCount(believable(count, now), now), now, LONGEST_DELAY.stranger);
}

/** Parses a text; null if it cannot be read. */
export function guessesIn(text: string): Guesses | null {
  const value = jsonIn(text);
  if (!isRecord(value) || !isRecord(value.holders)) return null;
  const isWhole =
    FAMILIARITIES.every((familiarity) => isFailureCount(value[familiarity])) &&
    Object.values(value.holders).every(isLevel);
  return isWhole ? (value as unknown as Guesses) : null;
}

/** Parses a text; null if it cannot be read. */
export function failureCountIn(text: string): FailureCount | null {
  const value = jsonIn(text);
  return isFailureCount(value) ? value : null;
}

function isFailureCount(value: unknown): value is FailureCount {
  return isRecord(value) && isLevel(value.level) && isCount(value.inARow) && isInstant(value.at);
}

function isLevel(value: unknown): boolean {
  return isCount(value) && value <= PERIOD;
}

/**
 * Whether one more failure fits into the counter. The network of an unknown client may use at most twice of what is left for
 * others: 33 of 50 if it is the only one. So one network never uses up the counter; five networks can.
 */
function hasRoom({ holders, ...counts }: Guesses, by: Familiarity, holder: string): boolean {
  const left = PERIOD - counts[by].level - ONE;
  return left >= 0 && (by !== 'stranger' || (holders[holder] ?? 0) <= 2 * left);
}

/** The counters at `now`. Shares of networks drain with the whole; less than half a failure is dropped. */
function drained({ holders, ...counts }: Guesses, now: Date): Guesses {
  const current = eachOf(counts, (count) => drainedCount(count, now));
  const rest = counts.stranger.level === 0 ? 0 : current.stranger.level / counts.stranger.level;
  const parts = Object.entries(holders)
    .map(([holder, level]) => [holder, Math.round(level * rest)] as const)
    .filter(([, level]) => level >= ONE / 2);
  return { ...current, holders: Object.fromEntries(parts) };
}

function drainedCount({ level, inARow, at }: FailureCount, now: Date): FailureCount {
  const age = ageOf(at, now);
  return { level: Math.max(level - age, 0), inARow: age < IN_A_ROW_FOR ? inARow : 0, at };
}

/** A counter whose last failure lies more than five minutes in the future (wrong clock) drains from now on, without delay. */
function believable(count: FailureCount, now: Date): FailureCount {
  if (!isFromWrongClock(new Date(count.at), now)) return count;
  return { level: count.level, inARow: 0, at: now.getTime() };
}

function delayLeft({ inARow, at }: FailureCount, now: Date, longest: number): number {
  if (inARow <= FREE_FAILURES) return 0;
  const delay = Math.min(SECOND * 2 ** (inARow - FREE_FAILURES - 1), longest);
  return Math.max(delay - ageOf(at, now), 0);
}

function ageOf(at: number, now: Date): number {
  return Math.max(now.getTime() - at, 0);
}

type Counts = Readonly<Record<Familiarity, FailureCount>>;

function eachOf(
  { stranger, network, browser }: Counts,
  change: (count: FailureCount) => FailureCount,
): Counts {
  return { stranger: change(stranger), network: change(network), browser: change(browser) };
}
