import { GENERATORS } from './load/generators.js';
import { machineFacts } from './machine.js';
import { type GroupResult, measureGroup, stepsOf } from './measure/group.js';
import { type LoadOptions, chosen } from './options.js';
import { Progress } from './progress.js';
import { comparisonTable, trustLines } from './report/comparison.js';
import { keepRaw, machineLines } from './report/raw.js';
import { coatcheck } from './servers/coatcheck.js';
import { reachable } from './servers/reachable.js';

/** What `npm run bench -- workers` can be told. */
export interface WorkersOptions extends LoadOptions {
  readonly only?: readonly string[];
}

const STORES = ['sqlite', 'postgres', 'redis'] as const;

/** Measures two workers ÷ one on each store that processes share; servers and load share all CPUs. */
export async function workers(options: WorkersOptions): Promise<void> {
  const pace = { ...options, generator: GENERATORS[options.generator], isPinned: false };
  const singles = STORES.map((store) => coatcheck('session_db_auth', store));
  const doubles = STORES.map((store) => coatcheck('session_db_auth', store, { workers: 2 }));
  const { present, skipped } = await reachable(chosen(doubles, options.only));
  const machine = machineFacts();
  const progress = new Progress(present.length * stepsOf(1, pace));
  const groups: GroupResult[] = [];
  for (const double of present) {
    groups.push(await measureGroup(singles[doubles.indexOf(double)]!, [double], pace, progress));
  }
  progress.end();
  const raw = await keepRaw('workers', { machine, options, groups }, options.out);
  console.log(
    [
      ...groups.map((group) => `${comparisonTable([group], 'one worker')}\n`),
      ...skipped,
      ...machineLines(machine, pace.isPinned),
      ...trustLines(groups, pace.generator.name),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}
