/**
 * How well two kinds of samples are told apart: the chance that of one of each the one that is usually smaller is
 * smaller (the area under the ROC curve), from 0.5 for not at all to 1 for always.
 */
export function auc(one: readonly number[], other: readonly number[]): number {
  const sorted = other.toSorted((a, b) => a - b);
  const below = one.map((value) => {
    const smaller = countWhile(sorted, (sample) => sample < value);
    const equal = countWhile(sorted, (sample) => sample <= value) - smaller;
    return smaller + equal / 2;
  });
  const area = below.reduce((sum, count) => sum + count, 0) / (one.length * other.length);
  return Math.max(area, 1 - area);
}

/** How many of the first elements pass a test that none behind them passes. */
function countWhile(sorted: readonly number[], passes: (value: number) => boolean): number {
  let [low, high] = [0, sorted.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (passes(sorted[middle]!)) low = middle + 1;
    else high = middle;
  }
  return low;
}
