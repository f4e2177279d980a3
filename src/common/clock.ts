/** Returns the current time. Code below the services gets `now` as an argument instead. */
export abstract class Clock {
  abstract now(): Date;
}

/** The time of this machine. */
export class SystemClock extends Clock {
  now(): Date {
    return new Date();
  }
}

/** The time of this machine in so many milliseconds, for a header: no decision depends on it. */
export function fromNow(ms: number): Date {
  return new Date(Date.now() + ms);
}

/** Later than every other date (the end of time in ECMA-262), so that "no limit" needs no branch. */
export const NEVER = new Date(8.64e15);

/**
 * How far the clocks of two machines may differ, in milliseconds: five minutes, as Kerberos has it (RFC 4120, section 1.6).
 */
export const CLOCK_TOLERANCE = 5 * 60_000;

/** Whether a recorded instant lies so far in the future that the clock that recorded it was wrong. */
export function isFromWrongClock(at: Date, now: Date): boolean {
  return at.getTime() > now.getTime() + CLOCK_TOLERANCE;
}

/** The last instant that RFC 3339 can write, with a year of four digits. */
const LAST_DATE = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/** `at` plus `ms` milliseconds; `NEVER` if that is after the year 9999. */
export function later(at: Date, ms: number): Date {
  const end = at.getTime() + ms;
  return end <= LAST_DATE ? new Date(end) : NEVER;
}

/** `at` minus `ms` milliseconds; the beginning of 1970 if that is before it. */
export function earlier(at: Date, ms: number): Date {
  return new Date(Math.max(at.getTime() - ms, 0));
}

/** An end as clients get it: null after the year 9999, which RFC 3339 cannot write. */
export function endOrNull(end: Date): Date | null {
  return end.getTime() <= LAST_DATE ? end : null;
}
