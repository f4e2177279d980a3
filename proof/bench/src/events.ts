import { randomUUID } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import type { AuditEvent, AuditReason, AuditType } from '../../../dist/lib/audit/audit-event.js';
import type { AuditFilter, AuditStore } from '../../../dist/lib/audit/audit-store.js';
import { machineFacts } from './machine.js';
import { median } from './measure/statistics.js';
import { libraryFile } from './paths.js';
import { Progress } from './progress.js';
import { milliseconds, whole } from './report/numbers.js';
import { keepRaw, machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { type SqlDatabase, type Subject, openSubjects, run } from './search/databases.js';

export interface EventsOptions {
  readonly events: number;
  readonly rounds: number;
  readonly out?: string;
}

interface Modules {
  readonly SqlAuditStore: new (database: SqlDatabase) => AuditStore;
  readonly auditCsv: (store: AuditStore, filter: AuditFilter) => Promise<AsyncIterable<string>>;
  readonly ALL_EVENTS: AuditFilter;
  readonly OrderedIds: new () => { next(now: Date): string };
}

const DAY = 86_400_000;
const SPAN = 90 * DAY;
const START = Date.UTC(2026, 0, 1);
const at = (days: number) => new Date(START + days * DAY);

/** Events of a page. The store reads one more. */
const PAGE = 100;

/** Events per statement. */
const BATCH = 1000;

const INSERTS = 2000;

const INDEXES = ['type', 'subject', 'actor', 'reason', 'ip'];

const BUSY = 'busy-user';
const PROXY = '192.0.2.1';

/** The types of events and how many of a hundred have each, with their reason. */
const MIX: readonly (readonly [number, AuditType, AuditReason | null])[] = [
  [45, 'sign_in', null],
  [25, 'session_ended', 'signed_out'],
  [12, 'sign_in_failed', 'wrong_password'],
  [8, 'sign_in_failed', 'unknown_email'],
  [3, 'sign_in_throttled', null],
  [3, 'step_up_demanded', null],
  [2, 'session_ended', 'evicted'],
  [1, 'password_changed', null],
  [1, 'session_renamed', null],
];

/** Measures lists, counts and an export of many events, and what an event costs, on each engine. */
export async function events(options: EventsOptions): Promise<void> {
  const machine = machineFacts();
  const { SqlAuditStore } = await load('storage/sql/sql.audit-store.js');
  const { ALL_EVENTS } = await load('audit/audit-store.js');
  const subjects = await openSubjects();
  const progress = new Progress(subjects.length);
  const measured: Record<string, Record<string, string>> = {};
  const lines: string[] = [];
  for (const subject of subjects) {
    const { engine, database } = subject;
    progress.step(engine);
    const store = new SqlAuditStore(database);
    await fill(subject, store, options.events, (done) => {
      if (done % 100_000 === 0) progress.note(`${engine}: ${whole(done)} events`);
    });
    const some = (await store.list(ALL_EVENTS, 1, null)).events[0]!;
    const filters: Record<string, Partial<AuditFilter>> = {
      none: {},
      'user=…': { userId: some.subjectId },
      'user=…, who has 1 %': { userId: BUSY },
      'type=sign_in': { types: ['sign_in'] },
      'type=sign_in_failed,sign_in_throttled': { types: ['sign_in_failed', 'sign_in_throttled'] },
      'type=role_changed, one event, the oldest': { types: ['role_changed'] },
      'reason=wrong_password': { reason: 'wrong_password' },
      'ip=…': { ip: some.ip },
      'ip=…, which has 10 %': { ip: PROXY },
      'from=…&to=…, a day': { from: at(30), to: at(31) },
      'user=…&type=sign_in, who has 1 %': { userId: BUSY, types: ['sign_in'] },
      'type=sign_in_failed&reason=wrong_password': { types: ['sign_in_failed'], reason: 'wrong_password' },
      'ip=…&type=role_changed, which has 10 %': { ip: PROXY, types: ['role_changed'] },
    };
    const found: Record<string, string> = {};
    for (const [name, filter] of Object.entries(filters))
      found[name] = await timed(options.rounds, () => store.list({ ...ALL_EVENTS, ...filter }, PAGE, null));
    const counts = {
      'counts of 90 days by day, all events': { from: at(0), to: at(90), step: DAY },
      'counts of 16 days by hour': { from: at(60), to: at(76), step: DAY / 24 },
      'counts of a day by ten minutes': { from: at(60), to: at(61), step: 600_000 },
    };
    for (const [name, span] of Object.entries(counts))
      found[name] = await timed(options.rounds, () => store.countBy(span, []));
    found['counts of a day by hour, sign_in_failed'] = await timed(options.rounds, () =>
      store.countBy({ from: at(60), to: at(61), step: DAY / 24 }, ['sign_in_failed']),
    );
    measured[engine] = found;
    const whole90 = counts['counts of 90 days by day, all events'];
    const blocked = await longestBlock(() => store.countBy(whole90, []));
    lines.push(
      `- counts of 90 days on ${engine}: the event loop was held up for at most ${milliseconds(blocked)}`,
    );
    progress.note(`${engine}: export`);
    lines.push(await exported(engine, store, ALL_EVENTS));
    progress.note(`${engine}: inserts`);
    lines.push(await inserts(subject, store));
    await database.close();
  }
  progress.end();
  const raw = await keepRaw('events', { machine, options, measured, lines }, options.out);
  const engines = Object.keys(measured);
  const rows = Object.keys(measured[engines[0]!]!).map((name) =>
    [`\`${name}\``].concat(engines.map((engine) => measured[engine]![name]!)),
  );
  console.log(
    [
      `First page of ${PAGE}, and counts, among ${whole(options.events)} events:\n`,
      `${table(['what', ...engines], rows)}\n`,
      `- median of ${options.rounds} rounds, and the worst`,
      ...lines,
      ...machineLines(machine, false),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

function load(file: string): Promise<Modules> {
  return import(libraryFile(file)) as Promise<Modules>;
}

async function timed(rounds: number, work: () => Promise<unknown>): Promise<string> {
  const times: number[] = [];
  for (let round = 0; round < rounds; round += 1) {
    const start = performance.now();
    await work();
    times.push(performance.now() - start);
  }
  return `${milliseconds(median(times))} (${milliseconds(Math.max(...times))})`;
}

/** Fills an empty database with events of 90 days, oldest first. */
async function fill(
  subject: Subject,
  store: AuditStore,
  count: number,
  tell: (done: number) => void,
): Promise<void> {
  const { OrderedIds } = await load('common/ordered-ids.js');
  const ids = new OrderedIds();
  const people = Array.from({ length: Math.ceil(count / 20) }, () => randomUUID());
  const indexes = await dropIndexes(subject);
  if (subject.engine === 'SQLite') await run(subject, 'pragma cache_size = -1000000');
  for (let done = 0; done < count; done += BATCH) {
    const batch = Array.from({ length: Math.min(BATCH, count - done) }, (_, index) =>
      anEvent(ids, done + index, count, people),
    );
    await store.append(...batch);
    tell(done + batch.length);
  }
  for (const definition of indexes) await run(subject, definition);
  if (subject.engine === 'SQLite') await run(subject, 'pragma cache_size = -2000');
  if (subject.engine === 'PostgreSQL') await run(subject, 'vacuum analyze coatcheck_audit_events');
}

function anEvent(
  ids: { next(now: Date): string },
  index: number,
  all: number,
  people: readonly string[],
): AuditEvent {
  const time = new Date(START + Math.floor((index / all) * SPAN));
  let lot = random(100);
  const [, type, reason] = MIX.find(([share]) => (lot -= share) < 0)!;
  const userId = random(100) === 0 ? BUSY : people[random(people.length)]!;
  const hasActor = type !== 'sign_in_failed' && type !== 'sign_in_throttled';
  return {
    id: ids.next(time),
    at: time,
    count: 1,
    lastAt: time,
    type: index === 0 ? 'role_changed' : type,
    via: 'http',
    actorId: hasActor ? userId : null,
    subjectId: userId,
    sessionId: hasActor ? randomUUID() : null,
    ip: index === 0 || random(10) === 0 ? PROXY : `198.51.${random(100)}.${random(256)}`,
    userAgent:
      'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36',
    requestId: randomUUID(),
    details: { method: 'login', ...(reason && { reason }) },
  };
}

/** The longest time for which work held up the event loop, in milliseconds. */
async function longestBlock(work: () => Promise<unknown>): Promise<number> {
  const state = { longest: 0, isDone: false };
  const watch = (async () => {
    for (let last = performance.now(); !state.isDone; last = performance.now()) {
      await setImmediate();
      state.longest = Math.max(state.longest, performance.now() - last);
    }
  })();
  await work();
  state.isDone = true;
  await watch;
  return state.longest;
}

/** What the export of all events takes. */
async function exported(engine: string, store: AuditStore, filter: AuditFilter): Promise<string> {
  const { auditCsv } = await load('http/api/audit/audit-csv.js');
  globalThis.gc?.();
  const before = process.memoryUsage().rss;
  let [bytes, most, lines] = [0, 0, 0];
  const start = performance.now();
  const blocked = await longestBlock(async () => {
    for await (const part of await auditCsv(store, filter)) {
      bytes += Buffer.byteLength(part);
      lines += part.split('\r\n').length - 1;
      most = Math.max(most, process.memoryUsage().rss);
    }
  });
  const seconds = (performance.now() - start) / 1000;
  return `- an export on ${engine}: ${whole(lines - 1)} events, ${whole(bytes / 1e6)} MB of CSV in ${seconds.toFixed(1)} s, memory (RSS) at most ${whole((most - before) / 1e6)} MB more, the event loop held up for at most ${milliseconds(blocked)}`;
}

/** What an event costs with the indexes of the filters, and without them, one after another. */
async function inserts(subject: Subject, store: AuditStore): Promise<string> {
  const { OrderedIds } = await load('common/ordered-ids.js');
  const ids = new OrderedIds();
  const people = Array.from({ length: 1000 }, () => randomUUID());
  const time = async () => {
    const times: number[] = [];
    for (let index = 0; index < INSERTS; index += 1) {
      const event = anEvent(ids, INSERTS + index, INSERTS, people);
      const begin = performance.now();
      await store.append(event);
      times.push(performance.now() - begin);
    }
    return median(times);
  };
  const after = await time();
  await dropIndexes(subject);
  const before = await time();
  return `- an event on ${subject.engine}, median of ${whole(INSERTS)}: ${before.toFixed(3)} ms without the indexes of the filters, ${after.toFixed(3)} ms with them`;
}

/** Drops the indexes of the filters, and returns their definitions. */
async function dropIndexes(subject: Subject): Promise<string[]> {
  const definitions =
    subject.engine === 'SQLite'
      ? `select name, sql as definition from sqlite_master where type = 'index'`
      : `select indexname as name, indexdef as definition from pg_indexes where schemaname = current_schema()`;
  const indexes = await run<{ name: string; definition: string }>(subject, definitions);
  const dropped = indexes.filter(({ name }) => INDEXES.some((one) => name.endsWith(`audit_by_${one}`)));
  for (const { name } of dropped) await run(subject, `drop index ${name}`);
  return dropped.map(({ definition }) => definition);
}

function random(limit: number): number {
  return Math.floor(Math.random() * limit);
}
