import { execFile } from 'node:child_process';
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { installFromMatrix, npm, packLibrary } from '../../test/support/host.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { NAMES, STORES, Stage, type Store, none, percentile, told } from './support.js';

const run = promisify(execFile);

/** Open sockets of one process, two of each session. */
const SOCKETS = { full: 2000, short: 200 } satisfies Record<Scale, number>;

/** Milliseconds within which a socket is closed after its session has ended elsewhere. */
const RECHECK = { full: 5000, short: 1000 } satisfies Record<Scale, number>;

/** Sessions that are ended one after another. */
const ROUNDS = 10;

interface Seen {
  readonly opened: number;
  readonly ended: number;
  readonly unharmed: number;
  readonly unanswered: number;
  readonly times: readonly number[];
  readonly cpu: number;
}

let installed: Promise<string> | null = null;

/** Sockets of a session that another process ends are closed within the interval, and no others. */
export const sockets: readonly Scenario[] = STORES.map((store) => ({
  title: `sockets of ended sessions on ${NAMES[store]}`,
  play: (scale) => Stage.play(store, (stage) => play(stage, store, scale)),
}));

async function play(stage: Stage, store: Store, scale: Scale): Promise<Measurement[]> {
  const folder = await (installed ??= install());
  const env = {
    PATH: process.env.PATH,
    LIBRARY: 'ws',
    STORAGE: JSON.stringify(stage.storage),
    SOCKETS: String(SOCKETS[scale]),
    RECHECK: String(RECHECK[scale]),
    ROUNDS: String(ROUNDS),
  };
  const { stdout } = await run(process.execPath, ['build/measure.js'], { cwd: folder, env });
  const { opened, ended, unharmed, unanswered, times, cpu } = JSON.parse(stdout) as Seen;
  const slowest = Math.max(...times);
  const name = NAMES[store];
  return [
    {
      what: `from the end of a session elsewhere to that of its two sockets, of ${opened}`,
      store: name,
      measured: `${Math.round(percentile(times, 0.5))} ms, at most ${slowest} ms`,
      target: `at most ${RECHECK[scale]} ms`,
      isMet: ended === 2 * ROUNDS && slowest <= RECHECK[scale],
    },
    none('sockets of other sessions that were closed', name, opened - ended - unharmed, opened - ended),
    none('sockets of other sessions that do not answer', name, unanswered),
    told(`CPU of the look-ups in each interval of ${RECHECK[scale] / 1000} s`, name, `${cpu.toFixed(0)} ms`),
  ];
}

/** An application with gateways in Nest 12, with the packed library. */
async function install(): Promise<string> {
  const folder = await installFromMatrix('nest-12', await packLibrary(), [], 'sockets');
  const built = 'node_modules/better-sqlite3/build';
  cpSync(built, join(folder, built), { recursive: true });
  await npm(folder, ['run', 'build']);
  return folder;
}
