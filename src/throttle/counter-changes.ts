import { later } from '../common/clock.js';
import { unreadable } from '../common/unreadable.js';
import { isInstant } from './counter-text.js';
import {
  NO_FAILURES,
  NO_GUESSES,
  codeDelayLeft,
  evaluate,
  failureCountIn,
  guessesIn,
  withFailedCode,
} from './guesses.js';
import { ALL, endOf, windowIn, withFailure } from './network-failures.js';
import type { Change, TextEntry } from './text-table.js';
import type { CodeAttempt, Guess, NetworkFailure, ThrottleQuery, ThrottleState } from './throttle-store.js';

const DAY = 24 * 60 * 60_000;

/** How long, in milliseconds, an account knows a network after a sign-in from it. */
export const NETWORK_KNOWN_FOR = 90 * DAY;

/** The key of the counter for all networks together. */
export const SERVER_KEY = 'failures-of-all';

export const accountKey = (account: string) => `guesses:${account}`;
export const codeKey = (code: string) => `code:${code}`;
export const networksKey = ({ networks }: Pick<NetworkFailure, 'networks'>) => `failures:${networks.at(-1)}`;

/** The keys of what `stateIn` reads. */
export function stateKeys({ accounts, networks }: ThrottleQuery): string[] {
  const signIns = accounts.map((account) => signInKey(account, networks[0]));
  return [networksKey({ networks }), SERVER_KEY, ...signIns];
}

/** What the texts under `stateKeys` say. */
export function stateIn(keys: readonly string[], texts: readonly (string | null)[]): ThrottleState {
  const read = <T>(index: number, parse: (text: string) => T | null) =>
    readText(keys[index]!, texts[index], parse);
  return {
    ofNetworks: read(0, windowIn),
    ofServer: read(1, windowIn),
    signIns: keys.slice(2).map((_, index) => read(index + 2, instantIn)),
  };
}

/** The text that stores a sign-in to an account. */
export function signInEntry({ account, networks }: Guess, now: Date): TextEntry {
  const key = signInKey(account, networks[0]);
  return { key, text: String(now.getTime()), until: later(now, NETWORK_KNOWN_FOR) };
}

/** The text that empties the counters of an account, also for processes whose clock is behind. */
export function emptyEntry(account: string, now: Date): TextEntry {
  return { key: accountKey(account), text: JSON.stringify(NO_GUESSES), until: now };
}

/** When the counter of a code expires. */
export function endOfCode(now: Date): Date {
  return later(now, DAY);
}

/** The change of `recordGuess`. */
export function* guessing(guess: Guess, now: Date): Change<boolean> {
  const key = accountKey(guess.account);
  const [text] = yield [key];
  const guesser = { familiarities: guess.familiarities, holder: guess.networks.at(-1)! };
  const before = readText(key, text, guessesIn) ?? NO_GUESSES;
  const { counts, guesses } = evaluate(before, guesser, guess.isRight, now);
  // A guess that does not count is written, too, so that it takes the same time.
  const own = { key, text: JSON.stringify(guesses), until: guess.until };
  if (counts && guess.isRight)
    return { outcome: true, writes: guess.remembers ? [own, signInEntry(guess, now)] : [own] };
  return { outcome: counts, writes: [own, ...(yield* countingFailure(guess, now))] };
}

/** The change of `recordFailure`. */
export function* failing(failure: NetworkFailure, now: Date): Change<void> {
  return { outcome: undefined, writes: yield* countingFailure(failure, now) };
}

/** The change of `recordCode`. */
export function* tryingCode(attempt: CodeAttempt, now: Date): Change<number> {
  const key = codeKey(attempt.code);
  const [text] = yield [key];
  const before = readText(key, text, failureCountIn) ?? NO_FAILURES;
  const outcome = codeDelayLeft(before, now);
  const after = attempt.isRight ? NO_FAILURES : withFailedCode(before, now);
  const own = outcome > 0 ? [] : [{ key, text: JSON.stringify(after), until: endOfCode(now) }];
  const isFailure = outcome > 0 || !attempt.isRight;
  return { outcome, writes: isFailure ? [...own, ...(yield* countingFailure(attempt, now))] : own };
}

/** The change of `forget`. */
export function* forgetting(account: string, now: Date): Change<void> {
  const entry = emptyEntry(account, now);
  yield [entry.key];
  return { outcome: undefined, writes: [entry] };
}

/** The counter of the server is the last one that every change asks for, because all failures share it. */
function* countingFailure(
  { networks, mostForServer }: NetworkFailure,
  now: Date,
): Generator<readonly string[], TextEntry[], readonly (string | null)[]> {
  const key = networksKey({ networks });
  const [text] = yield [key];
  const window = withFailure(readText(key, text, windowIn), networks, now);
  const own = { key, text: JSON.stringify(window), until: endOf(window) };
  if (window.counts[networks.at(-1)!]! > mostForServer) return [own];
  const [ofServer] = yield [SERVER_KEY];
  const all = withFailure(readText(SERVER_KEY, ofServer, windowIn), [ALL], now);
  return [own, { key: SERVER_KEY, text: JSON.stringify(all), until: endOf(all) }];
}

/** The value of the text under a key. Null if there is none, or if it cannot be read, which is logged once. */
function readText<T>(
  key: string,
  text: string | null | undefined,
  read: (text: string) => T | null,
): T | null {
  return text === null || text === undefined ? null : (read(text) ?? unreadable('count', key));
}

function signInKey(account: string, network: string): string {
  return `known:${account}:${network}`;
}

function instantIn(text: string): number | null {
  const instant = /^\d{1,16}$/.test(text) ? Number(text) : null;
  return isInstant(instant) ? instant : null;
}
