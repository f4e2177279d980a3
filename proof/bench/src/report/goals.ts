import type { Contestant } from '../servers/contestant.js';
import { STOCK_NEST } from '../servers/peers.js';
import { UNKNOWN, ratio } from './numbers.js';
import { table } from './table.js';

/** The product beside its goals, from the ratios to stock Nest of one run; null where it did not take part. */
export function goalsTable(
  contestants: readonly Contestant[],
  ratios: ReadonlyMap<string, number>,
): string | null {
  const ours = contestants.filter(({ name, goals }) => goals !== null && ratios.has(name));
  if (ours.length === 0) return null;
  const peers = [...new Set(ours.flatMap(({ goals }) => Object.keys(goals!.overPeers)))];
  const rows = ours.map(({ name, goals }) => {
    const own = ratios.get(name)!;
    const overPeers = peers.map((peer) => cell(own, ratios.get(peer), goals!.overPeers[peer]));
    return [name, cell(own, 1, goals!.overNest)].concat(overPeers);
  });
  return table(['server', ...[STOCK_NEST.name, ...peers].map((name) => `÷ ${name}`)], rows);
}

/** The ratio, and on which side of its goal it is, if there is one. */
function cell(own: number, other: number | undefined, goal: number | undefined): string {
  if (other === undefined) return UNKNOWN;
  const value = own / other;
  if (goal === undefined) return ratio(value);
  return value >= goal ? `${ratio(value)} ≥ ${ratio(goal)}` : `${ratio(value)} **< ${ratio(goal)}**`;
}
