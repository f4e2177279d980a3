const UNITS = { '': 1000, ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

const DURATION = /^(\d{1,9})(ms|s|m|h|d|)$/;

/** Milliseconds of `500ms`, `90` (seconds), `30m`, `12h` or `7d`; NaN for anything else. */
export function parseDuration(text: string): number {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined ? NaN : Number(count) * UNITS[unit as keyof typeof UNITS];
}

/** Whether a value is a finite number of milliseconds, at least 1. */
export function isDuration(value: unknown): value is number {
  return Number.isFinite(value) && Number(value) >= 1;
}

/** The longest permitted delay of a timer, in milliseconds: one day. Beyond 24 days, Node does not wait at all. */
export const LONGEST_WAIT = 86_400_000;
