/** A middle value, and the least and the greatest. */
export interface Spread {
  readonly median: number;
  readonly least: number;
  readonly greatest: number;
}

/** The middle of values in order, the mean of the two where there are two; NaN of none. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  const [left = NaN, right = NaN] = [sorted[sorted.length % 2 === 0 ? middle - 1 : middle], sorted[middle]];
  return (left + right) / 2;
}

/** How far values lie apart; NaN of none. */
export function spreadOf(values: readonly number[]): Spread {
  if (values.length === 0) return { median: NaN, least: NaN, greatest: NaN };
  return { median: median(values), least: Math.min(...values), greatest: Math.max(...values) };
}

/** The value that a share of all does not exceed; NaN of none. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? NaN;
}
