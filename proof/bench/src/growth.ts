import { readFile } from 'node:fs/promises';
import { cleanUp } from './cleanup.js';
import { type Bytes, bytesOf } from './growth/bytes.js';
import type { Filled } from './growth/filling.js';
import type { InsertTimes } from './growth/inserts.js';
import { GENERATORS } from './load/generators.js';
import { PINNING, machineFacts } from './machine.js';
import { checkAnswers } from './measure/answers.js';
import { type GroupResult, type Pace, measureParticipants, stepsOf } from './measure/group.js';
import { type Participant, answerTo } from './measure/participant.js';
import { type LoadOptions, chosen } from './options.js';
import { GROWN } from './paths.js';
import { Progress } from './progress.js';
import { trustLines } from './report/comparison.js';
import { failedInserts, insertsTable, requestsTable, takenTable } from './report/growth.js';
import { whole } from './report/numbers.js';
import { keepRaw, machineLines } from './report/raw.js';
import { type Store, coatcheck } from './servers/coatcheck.js';
import type { Contestant } from './servers/contestant.js';
import { newPlace } from './servers/place.js';
import { reachable } from './servers/reachable.js';
import { Server } from './servers/server.js';
import { usageOf } from './servers/usage.js';

/** What `npm run bench -- growth` can be told. */
export interface GrowthOptions extends LoadOptions {
  readonly only?: readonly string[];
  readonly sessions: readonly number[];
}

/** What one server showed when it was filled. */
interface Full {
  readonly name: string;
  readonly store: Store;
  readonly sessions: number;
  readonly filled: Filled;
  /** Null where sessions are in the server's own memory. */
  readonly bytes: Bytes | null;
  /** When it was filled; null where that is not known. */
  readonly residentMiB: number | null;
}

/** What one server with so many sessions showed beside the requests. */
export interface Grown extends Full {
  readonly inserts: readonly InsertTimes[];
}

/** One store: the requests to all sizes, and all else of each size in the same order, its second copy included. */
export interface Growth {
  readonly group: GroupResult;
  readonly grown: readonly Grown[];
}

/** A server that was filled and runs. */
interface Started {
  readonly participant: Participant;
  readonly full: Full;
}

/** A store to be filled. */
interface Subject extends Contestant {
  readonly store: Store;
}

/** Milliseconds that filling a store, and adding some to it, may take; between two looks at how far it is. */
const PATIENCE = { fill: 4 * 60 * 60 * 1000, insert: 30 * 60 * 1000 };
const LOOK = 10_000;

const SUBJECTS: readonly Subject[] = [
  subjectOf('session_exp_auth', 'memory'),
  subjectOf('session_db_auth', 'sqlite'),
  subjectOf('session_db_auth', 'postgres'),
  subjectOf('session_db_auth', 'redis'),
];

/** Measures what changes on each store from few live sessions to many: requests, sign-ins, and what a session takes. */
export async function growth(options: GrowthOptions): Promise<void> {
  const pace = { ...options, generator: GENERATORS[options.generator], isPinned: PINNING !== null };
  const { present, skipped } = await reachable(chosen(SUBJECTS, options.only));
  const machine = machineFacts();
  const progress = new Progress(present.length * stepsOf(options.sessions.length - 1, pace));
  const growths: Growth[] = [];
  for (const subject of present) {
    growths.push(await measureGrowth(subject, options.sessions, pace, progress));
    await cleanUp();
  }
  progress.end();
  const raw = await keepRaw('growth', { machine, options, growths }, options.out);
  console.log(
    [
      `${requestsTable(growths)}\n`,
      `${insertsTable(growths)}\n`,
      `${takenTable(growths)}\n`,
      ...skipped,
      ...machineLines(machine, pace.isPinned),
      ...trustLines(
        growths.map(({ group }) => group),
        pace.generator.name,
      ),
      ...failedInserts(growths),
      '- CPU per request is of the server process alone, not of PostgreSQL and Redis',
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

/** Fills and runs one server for each number of sessions and the second copy of the first, and measures them. */
async function measureGrowth(
  subject: Subject,
  sizes: readonly number[],
  pace: Pace,
  progress: Progress,
): Promise<Growth> {
  const [least = 0, ...more] = sizes;
  const anchor = { sessions: least, name: nameOf(subject, least) };
  const control = { sessions: least, name: `${anchor.name}, again` };
  const others = more.map((sessions) => ({ sessions, name: nameOf(subject, sessions) }));
  const started: Started[] = [];
  for (const { sessions, name } of [anchor, control, ...others])
    started.push(await start(subject, name, sessions, pace, progress));
  const group = await measureParticipants(
    started.map(({ participant }) => participant),
    pace,
    progress,
  );
  const grown: Grown[] = [];
  for (const { participant, full } of started) {
    progress.note(`${full.name}: inserts`);
    grown.push({ ...full, inserts: await insertsOf(participant.server) });
  }
  return { group, grown };
}

function subjectOf(strategy: string, store: Store): Subject {
  return { ...coatcheck(strategy, store), store, file: GROWN };
}

function nameOf({ name }: Subject, sessions: number): string {
  return `${name}, ${whole(sessions)} sessions`;
}

async function start(
  subject: Subject,
  name: string,
  sessions: number,
  pace: Pace,
  progress: Progress,
): Promise<Started> {
  const { store, path, needs } = subject;
  const place = await newPlace(needs);
  const server = Server.launch({
    file: subject.file,
    folder: place.folder,
    variables: {
      ...subject.variables(place, 0),
      // As long as a session lives: more cookies would have more uses to note, however many sessions there are.
      SESSION_IDLE_TIMEOUT: '12h',
      BENCH_SESSIONS: `${sessions}`,
    },
    cpu: pace.isPinned ? (PINNING?.server ?? null) : null,
    flags: ['--expose-gc'],
  });
  const note = () => progress.note(`${name}: ${server.output.trim().split('\n').at(-1) || 'start'}`);
  note();
  const looks = setInterval(note, LOOK);
  const base = await server.url(PATIENCE.fill).finally(() => clearInterval(looks));
  const filled = JSON.parse(await server.says(/^filled (.+)\n/m)) as Filled;
  const residentMiB = usageOf(server.pid)?.residentMiB ?? null;
  const bytes = await bytesOf(store, place);
  const target = { url: base + path, credentials: filled.credentials };
  await checkAnswers({ ...subject, name }, base);
  const { bodyBytes } = await answerTo(target.url, await firstOf(target.credentials));
  return {
    participant: { name, server, target, bodyBytes },
    full: { name, store, sessions, filled, bytes, residentMiB },
  };
}

/** The first header of a file. */
async function firstOf(credentials: string) {
  const [, name = '', value = ''] = /^(.+?): (.+)\n/m.exec(await readFile(credentials, 'utf8')) ?? [];
  return { name, value };
}

async function insertsOf(server: Server): Promise<InsertTimes[]> {
  server.tell('insert');
  return JSON.parse(await server.says(/^inserted (.+)\n/m, PATIENCE.insert)) as InsertTimes[];
}
