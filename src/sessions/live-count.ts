import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from '../common/clock.js';

/** Sessions that are counted in one call, some milliseconds of work. */
const SESSIONS_PER_STEP = 1_000;

/** A pause is this many times as long as the step before it, so that a count takes 5 % of the time of a process at most. */
const PAUSE_FACTOR = 20;

/** The number of live sessions among some of a store. */
export interface LivePage {
  readonly live: number;
  /** Where the next page begins; null after the last one. */
  readonly next: string | null;
}

/** A store whose live sessions can be counted in small steps, which hold up no other call. */
export interface CountsLive {
  /** Counts among about `limit` sessions from a place, or from the beginning (null). Sessions that exist the whole time are counted once. */
  countLive(now: Date, from: string | null, limit: number): Promise<LivePage>;
}

export function countsLive(store: object): store is CountsLive {
  return typeof (store as Partial<CountsLive>).countLive === 'function';
}

/** Counts the live sessions of a store in small steps. */
export async function countSessions(store: CountsLive, clock: Clock): Promise<number> {
  let total = 0;
  for (let from: string | null = null, isFirst = true; isFirst || from !== null; isFirst = false) {
    const start = performance.now();
    const page = await store.countLive(clock.now(), from, SESSIONS_PER_STEP);
    total += page.live;
    from = page.next;
    if (from !== null) await delay(PAUSE_FACTOR * (performance.now() - start), undefined, { ref: false });
  }
  return total;
}
