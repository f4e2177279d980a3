import type { Spread } from '../measure/statistics.js';

/** What stands for a value that is not known here. */
export const UNKNOWN = '–';

/** A ratio to two digits after the point, a small one to two digits that count. */
export function ratio(value: number): string {
  return value < 0.1 && value > 0 ? `${Number(value.toPrecision(2))}` : value.toFixed(2);
}

/** A median, and the least and the greatest in parentheses. */
export function spread({ median, least, greatest }: Spread): string {
  return `${ratio(median)} (${ratio(least)}–${ratio(greatest)})`;
}

/** A number without fraction, thousands apart. */
export function whole(value: number | null): string {
  return value === null ? UNKNOWN : Math.round(value).toLocaleString('en');
}

/** Milliseconds. */
export function milliseconds(value: number): string {
  return `${value.toFixed(1)} ms`;
}
