/** Tells the time; everything below the services is handed `now` instead. */
export abstract class Clock {
  abstract now(): Date;
}

/** The time of this machine. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** Later than every other date (the end of time in ECMA-262), so that "no limit" needs no branch. */
export const NEVER = new Date(8.64e15);

/** `at` plus `ms`, and `NEVER` where that would lie beyond it. */
export function later(at: Date, ms: number): Date {
  return new Date(Math.min(at.getTime() + ms, NEVER.getTime()));
}
