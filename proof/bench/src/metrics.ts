import { GENERATORS } from './load/generators.js';
import { PINNING, machineFacts } from './machine.js';
import { type GroupResult, measureGroup, stepsOf } from './measure/group.js';
import { type LoadOptions, chosen } from './options.js';
import { Progress } from './progress.js';
import { comparisonTable, trustLines } from './report/comparison.js';
import { keepRaw, machineLines } from './report/raw.js';
import { coatcheck } from './servers/coatcheck.js';
import { reachable } from './servers/reachable.js';

/** What `npm run bench -- metrics` can be told. */
export interface MetricsOptions extends LoadOptions {
  readonly only?: readonly string[];
}

const STORES = [
  ['session_auth', 'memory'],
  ['session_db_auth', 'sqlite'],
  ['session_db_auth', 'postgres'],
  ['session_db_auth', 'redis'],
] as const;

/** Measures signed-in requests with metrics ÷ without, on each store and adapter. The goal is at least 0.98. */
export async function metrics(options: MetricsOptions): Promise<void> {
  const pace = { ...options, generator: GENERATORS[options.generator], isPinned: PINNING !== null };
  const pairs = (['express', 'fastify'] as const).flatMap((adapter) =>
    STORES.map(([strategy, store]) => ({
      without: coatcheck(strategy, store, { adapter }),
      measured: coatcheck(strategy, store, { adapter, metrics: true }),
    })),
  );
  const { present, skipped } = await reachable(
    chosen(
      pairs.map(({ measured }) => measured),
      options.only,
    ),
  );
  const machine = machineFacts();
  const progress = new Progress(present.length * stepsOf(1, pace));
  const groups: GroupResult[] = [];
  for (const { without, measured } of pairs)
    if (present.includes(measured)) groups.push(await measureGroup(without, [measured], pace, progress));
  progress.end();
  const raw = await keepRaw('metrics', { machine, options, groups }, options.out);
  console.log(
    [
      ...groups.map((group) => `${comparisonTable([group], 'without metrics')}\n`),
      ...skipped,
      ...machineLines(machine, pace.isPinned),
      ...trustLines(groups, pace.generator.name),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}
