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

/**
 * How far the clocks of two machines may differ, in milliseconds: five minutes, as Kerberos has it (RFC 4120, section 1.6).
 */
const CLOCK_TOLERANCE = 5 * 60_000;

/** Whether an instant that was noted as past lies so far ahead of `now` that a wrong clock must have noted it. */
export function isFromWrongClock(at: Date, now: Date): boolean {
  return at.getTime() > now.getTime() + CLOCK_TOLERANCE;
}

/** `at` plus `ms`, and `NEVER` where that would lie beyond it. */
export function later(at: Date, ms: number): Date {
  return new Date(Math.min(at.getTime() + ms, NEVER.getTime()));
}
