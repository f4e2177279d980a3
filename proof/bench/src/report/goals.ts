import type { Contestant } from '../servers/contestant.js';
import {
  BETTER_AUTH_CACHED,
  FASTIFY_SESSION,
  NODE_HTTP,
  PASSPORT_MEMORY,
  STOCK_NEST,
} from '../servers/peers.js';
import { UNKNOWN, ratio } from './numbers.js';
import { table } from './table.js';

/** What each line is divided by, null where there is no such peer, and the least that this is to give. */
interface Column {
  readonly head: string;
  readonly of: (contestant: Contestant) => { readonly peer: string | null; readonly goal: number };
}

const COLUMNS: readonly Column[] = [
  {
    head: '÷ stock Nest',
    of: ({ goals }) => ({ peer: STOCK_NEST.name, goal: goals?.overNest ?? 0 }),
  },
  fixed('÷ node:http', NODE_HTTP, 0.4),
  fixed('÷ Passport, memory', PASSPORT_MEMORY, 4.5),
  { head: '÷ Passport, same store', of: ({ goals }) => ({ peer: goals?.sameStore ?? null, goal: 4 }) },
  fixed('÷ better-auth, cookie cache', BETTER_AUTH_CACHED, 9),
  fixed('÷ Fastify + session', FASTIFY_SESSION, 1.6),
];

/** The product beside its goals, from the ratios to stock Nest of one run; null where it did not take part. */
export function goalsTable(
  contestants: readonly Contestant[],
  ratios: ReadonlyMap<string, number>,
): string | null {
  const ours = contestants.filter(({ name, goals }) => goals !== null && ratios.has(name));
  if (ours.length === 0) return null;
  const rows = ours.map((one) => [one.name].concat(COLUMNS.map((column) => cell(one, column, ratios))));
  return table(['server', ...COLUMNS.map(({ head }) => head)], rows);
}

function cell(contestant: Contestant, { of }: Column, ratios: ReadonlyMap<string, number>): string {
  const { peer, goal } = of(contestant);
  const [over, under] = [ratios.get(contestant.name), ratios.get(peer ?? '')];
  return over === undefined || under === undefined ? UNKNOWN : judged(over / under, goal);
}

function fixed(head: string, { name }: Contestant, goal: number): Column {
  return { head, of: () => ({ peer: name, goal }) };
}

/** The ratio, and on which side of its goal it is. */
function judged(value: number, goal: number): string {
  return value >= goal ? `${ratio(value)} ≥ ${ratio(goal)}` : `${ratio(value)} **< ${ratio(goal)}**`;
}
