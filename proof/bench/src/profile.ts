import { mkdir, readFile } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GENERATORS } from './load/generators.js';
import { load } from './load/load.js';
import { PINNING, machineFacts } from './machine.js';
import { prepare } from './measure/participant.js';
import { type LoadOptions, chosen } from './options.js';
import { PROFILER, ROOT } from './paths.js';
import { PART_NAMES, sharesOf } from './profile/parts.js';
import { FILE, SIGNAL, WRITTEN } from './profile/profiler.js';
import { Progress } from './progress.js';
import { UNKNOWN } from './report/numbers.js';
import { machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { COATCHECK_STORES } from './servers/coatcheck.js';
import type { Contestant } from './servers/contestant.js';
import { reachable } from './servers/reachable.js';

/** What `npm run bench -- profile` can be told. */
export interface ProfileOptions extends Omit<LoadOptions, 'rounds' | 'out'> {
  readonly only?: readonly string[];
}

/** Milliseconds until a signal has certainly begun the profile. */
const BEGIN = 500;

const FOLDER = join(ROOT, 'build', 'bench');

/** Shows on which parts the product spends the time of `GET /users/me`, on each store. */
export async function profile(options: ProfileOptions): Promise<void> {
  const { present, skipped } = await reachable(chosen(COATCHECK_STORES, options.only));
  const machine = machineFacts();
  const progress = new Progress(present.length);
  await mkdir(FOLDER, { recursive: true });
  const shares: ReadonlyMap<string, number>[] = [];
  for (const contestant of present) {
    progress.step(contestant.name);
    shares.push(sharesOf(await profileOf(contestant, options)));
  }
  progress.end();
  const rows = PART_NAMES.map((part) => [part].concat(shares.map((all) => percent(all.get(part)))));
  console.log(
    [
      `${table(['share of the time at work', ...present.map(({ name }) => name)], rows)}\n`,
      ...skipped,
      ...machineLines(machine, PINNING !== null),
      `- the profiles are in ${FOLDER}; Chrome shows them`,
    ].join('\n'),
  );
}

async function profileOf(
  contestant: Contestant,
  { generator, seconds, warmUp }: ProfileOptions,
): Promise<Profiler.Profile> {
  const file = join(FOLDER, `${contestant.name.replaceAll(/\W+/g, '-')}.cpuprofile`);
  const variables: Contestant['variables'] = (place, port) => ({
    ...contestant.variables(place, port),
    NODE_OPTIONS: `--import=${PROFILER}`,
    [FILE]: file,
  });
  const isPinned = PINNING !== null;
  const { server, target } = await prepare({ ...contestant, variables }, { isPinned });
  const run = (time: number) => load(GENERATORS[generator], target, time, isPinned);
  await run(warmUp);
  process.kill(server.pid, SIGNAL);
  await delay(BEGIN);
  await run(seconds);
  process.kill(server.pid, SIGNAL);
  await server.says(new RegExp(`(${WRITTEN})`));
  await server.stop();
  return JSON.parse(await readFile(file, 'utf8')) as Profiler.Profile;
}

function percent(share: number | undefined): string {
  return share === undefined ? UNKNOWN : `${Math.round(share * 100)} %`;
}
