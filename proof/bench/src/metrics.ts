import { cleanUp } from './cleanup.js';
import { GENERATORS } from './load/generators.js';
import { load } from './load/load.js';
import { PINNING, machineFacts } from './machine.js';
import { median, quantile } from './measure/statistics.js';
import type { Switched } from './metrics/switched.js';
import { type LoadOptions, chosen } from './options.js';
import { SWITCHED } from './paths.js';
import { Progress } from './progress.js';
import { keepRaw, machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { coatcheck } from './servers/coatcheck.js';
import type { Contestant } from './servers/contestant.js';
import { newPlace } from './servers/place.js';
import { reachable } from './servers/reachable.js';
import { Server } from './servers/server.js';

/** What `npm run bench -- metrics` can be told. */
export interface MetricsOptions extends LoadOptions {
  readonly only?: readonly string[];
}

/** What metrics came to on one store. */
interface Cost extends Switched {
  readonly name: string;
}

const STORES = [
  ['session_exp_auth', 'memory'],
  ['session_db_auth', 'sqlite'],
  ['session_db_auth', 'postgres'],
  ['session_db_auth', 'redis'],
] as const;

const SUBJECTS = (['express', 'fastify'] as const).flatMap((adapter) =>
  STORES.map(([strategy, store]) => coatcheck(strategy, store, { adapter })),
);

/** Pairs of turns in a second, with some time between them. */
const PAIRS_PER_SECOND = 4;

/** Measures the CPU of signed-in requests with metrics ÷ without, on each store and adapter. The goal is at most 1.02. */
export async function metrics(options: MetricsOptions): Promise<void> {
  const { present, skipped } = await reachable(chosen(SUBJECTS, options.only));
  const machine = machineFacts();
  const progress = new Progress(present.length);
  const costs: Cost[] = [];
  for (const subject of present) {
    progress.step(subject.name);
    costs.push({ name: subject.name, ...(await costOn(subject, options)) });
    await cleanUp();
  }
  progress.end();
  const raw = await keepRaw('metrics', { machine, options, costs }, options.out);
  console.log(
    [
      `${tableOf(costs)}\n`,
      ...skipped,
      ...machineLines(machine, PINNING !== null),
      '- beside the median are the first and the third quartile of all pairs of turns',
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

/** Runs a server under load that switches its metrics on and off. */
async function costOn({ needs, variables, path }: Contestant, options: MetricsOptions): Promise<Switched> {
  const seconds = options.rounds * options.seconds;
  const place = await newPlace(needs);
  const server = Server.launch({
    file: SWITCHED,
    folder: place.folder,
    variables: { ...variables(place, 0), SESSION_IDLE_TIMEOUT: '12h' },
    cpu: PINNING?.server ?? null,
  });
  const url = (await server.url()) + path;
  const credentials = JSON.parse(await server.says(/^filled (.+)\n/m)) as string;
  const generator = GENERATORS[options.generator];
  const target = { url, credentials };
  await load(generator, target, options.warmUp, PINNING !== null);
  const loading = load(generator, target, seconds + 5, PINNING !== null);
  server.tell(`${Math.floor(seconds * PAIRS_PER_SECOND)}`);
  const [switched] = await Promise.all([server.says(/^switched (.+)\n/m, (seconds + 60) * 1000), loading]);
  await server.stop();
  return JSON.parse(switched) as Switched;
}

function tableOf(costs: readonly Cost[]): string {
  const rows = costs.map(({ name, ratios, without, scrape }) => [
    name,
    `${median(ratios).toFixed(3)} (${quantile(ratios, 0.25).toFixed(3)}–${quantile(ratios, 0.75).toFixed(3)})`,
    `${without.toFixed(1)} µs`,
    `${ratios.length}`,
    `${(scrape / 1000).toFixed(1)} ms`,
  ]);
  return table(['server', 'CPU with metrics ÷ without', 'CPU without', 'pairs', 'a scrape'], rows);
}
