import { GENERATORS } from './load/generators.js';
import { PINNING, machineFacts } from './machine.js';
import { type GroupResult, type Pace, measureGroup, stepsOf } from './measure/group.js';
import { type LoadOptions, chosen } from './options.js';
import { Progress } from './progress.js';
import { compareWithBaseline, readBaseline, record } from './report/baseline.js';
import { bodyLine, comparisonTable, ratiosOf, trustLines } from './report/comparison.js';
import { goalsTable } from './report/goals.js';
import { keepRaw, machineLines } from './report/raw.js';
import { COATCHECK_ALL, COATCHECK_STORES } from './servers/coatcheck.js';
import type { Contestant } from './servers/contestant.js';
import { CONSTANTS, PEERS, STOCK_NEST } from './servers/peers.js';
import { reachable } from './servers/reachable.js';

/** Servers that run at once, beside the anchor and its second copy. */
const GROUP = 4;

const LATE = 'serves an ended session until its cached cookie is too old; all others refuse it at once';

/** What `npm run bench` can be told. */
export interface CompareOptions extends LoadOptions {
  readonly only?: readonly string[];
  readonly check?: boolean;
  readonly record?: boolean;
}

/** Measures `GET /users/me` of the product and its peers ÷ stock Nest; false where a check finds a loss. */
export async function compare(options: CompareOptions): Promise<boolean> {
  const pace = { ...options, generator: GENERATORS[options.generator], isPinned: PINNING !== null };
  const baseline = options.check ? await readBaseline() : null;
  const isShort = options.check || options.record;
  const all = isShort ? COATCHECK_STORES : [...CONSTANTS, ...PEERS, ...COATCHECK_ALL];
  const { present, skipped } = await reachable(chosen(all, options.only));
  const machine = machineFacts();
  const groups = await measureAll(present, pace);
  const ratios = ratiosOf(groups);
  const goals = goalsTable(present, ratios);
  const raw = await keepRaw('compare', { machine, options, groups }, options.out);
  console.log(
    [
      `${comparisonTable(groups, 'stock Nest')}\n`,
      ...(goals === null ? [] : [`${goals}\n`]),
      ...skipped,
      ...machineLines(machine, pace.isPinned),
      bodyLine(groups),
      ...trustLines(groups, pace.generator.name),
      '- CPU per request is of the server process alone, not of PostgreSQL and Redis',
      ...present.filter((one) => !one.refusesEnded).map(({ name }) => `- ${name} ${LATE}`),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
  const ours = new Map([...ratios].filter(([name]) => name !== STOCK_NEST.name));
  if (options.record) await record(ours, pace.generator.name);
  if (baseline === null) return true;
  const { report, isKept } = compareWithBaseline(baseline, ours, pace.generator.name);
  console.log(`\n${report}`);
  return isKept;
}

async function measureAll(contestants: readonly Contestant[], pace: Pace): Promise<GroupResult[]> {
  const groups = Array.from({ length: Math.ceil(contestants.length / GROUP) }, (_, index) =>
    contestants.slice(index * GROUP, (index + 1) * GROUP),
  );
  const progress = new Progress(groups.reduce((sum, group) => sum + stepsOf(group.length, pace), 0));
  const results: GroupResult[] = [];
  for (const group of groups) results.push(await measureGroup(STOCK_NEST, group, pace, progress));
  progress.end();
  return results;
}
