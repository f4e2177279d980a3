import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../common/clock.js';
import { SlowNumber } from '../common/slow-number.js';

/** Sessions that are counted in one call, some milliseconds of work. */
const SESSIONS_PER_STEP = 1_000;

/** A pause is this many times as long as the step before it, so that a count takes 5 % of the time of a process at most. */
const PAUSE_FACTOR = 20;

/** A store whose live sessions can be counted in small steps, which hold up no other call. */
export interface CountsLive {
  /** The numbers of live sessions among about `limit` at a time. Sessions that exist the whole time are counted once. */
  countLive(now: Date, limit: number): AsyncIterable<number>;
}

const numbers = new WeakMap<object, SlowNumber>();

/** The number of live sessions of a store, which all who ask share; null if the store cannot count them. */
export function liveSessionsOf(store: object, clock: Clock): SlowNumber | null {
  if (!countsLive(store)) return null;
  const number = numbers.get(store) ?? new SlowNumber(() => countSessions(store, clock));
  numbers.set(store, number);
  return number;
}

export function countsLive(store: object): store is CountsLive {
  return typeof (store as Partial<CountsLive>).countLive === 'function';
}

/** Counts the live sessions of a store in small steps. */
async function countSessions(store: CountsLive, clock: Clock): Promise<number> {
  let total = 0;
  let start = performance.now();
  for await (const live of store.countLive(clock.now(), SESSIONS_PER_STEP)) {
    total += live;
    await delay(PAUSE_FACTOR * (performance.now() - start), undefined, { ref: false });
    start = performance.now();
  }
  return total;
}
