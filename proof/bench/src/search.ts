import { machineFacts } from './machine.js';
import { median } from './measure/statistics.js';
import { Progress } from './progress.js';
import { milliseconds, whole } from './report/numbers.js';
import { keepRaw, machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { type Subject, type UserQuery, openSubjects, plansOf, run } from './search/databases.js';
import { dropIndexes, fill, person } from './search/people.js';

export interface SearchOptions {
  readonly users: number;
  readonly rounds: number;
  readonly out?: string;
}

type Sort = UserQuery['sort'];

/** Milliseconds that a first page may take, in the median. */
const GOAL = 20;

/** Users of a page. The store reads one more. */
const PAGE = 100;

/** Milliseconds for all rounds of one query. A slow query has fewer rounds. */
const MOST_TIME = 1500;

const INSERTS = 2000;

const SORTS: readonly Sort[] = ['created', '-created', 'email', '-email', 'name', '-name'];

const ANYONE = { email: null, name: null, role: null, disabled: null };

const FILTERS: readonly Partial<UserQuery>[] = [
  {},
  { email: 'a' },
  { email: 'anna.ro' },
  { email: 'zzz' },
  { name: 'a' },
  { name: 'ro' },
  { name: 'anna ros' },
  { name: 'zzz' },
  { disabled: false },
  { disabled: true },
  { role: 'user' },
  { role: 'admin' },
  { role: 'nobody' },
  { role: 'admin', disabled: true },
  { role: 'user', disabled: false },
  { name: 'a', disabled: true },
  { name: 'ro', role: 'admin' },
  { email: 'a', role: 'admin' },
  { email: 'a', name: 'ben' },
  { email: 'zzz', role: 'user', disabled: false },
  { email: 'm', name: 'm', role: 'user', disabled: false },
];

interface Measured {
  readonly engine: string;
  readonly filter: string;
  readonly sort: Sort;
  readonly users: number;
  readonly median: number;
  readonly worst: number;
  readonly rounds: number;
}

/** Measures the first page of many searches among so many users, on each engine. */
export async function search(options: SearchOptions): Promise<void> {
  const machine = machineFacts();
  const subjects = await openSubjects();
  const progress = new Progress(subjects.length);
  const measured: Measured[] = [];
  const lines: string[] = [];
  for (const subject of subjects) {
    const { engine } = subject;
    progress.step(engine);
    await fill(subject, options.users, (done) => {
      if (done % 100_000 === 0) progress.note(`${engine}: ${whole(done)} users`);
    });
    for (const filter of FILTERS)
      for (const sort of SORTS) {
        const one = await measure(subject, filter, sort, options.rounds);
        measured.push(one);
        if (one.median > GOAL) lines.push(await slow(subject, filter, one));
      }
    progress.note(`${engine}: inserts`);
    lines.push(await inserts(subject, options.users));
    await subject.database.close();
  }
  progress.end();
  const raw = await keepRaw('search', { machine, options, measured }, options.out);
  const names = subjects.map(({ engine }) => engine);
  const cellsOf = (name: string, filter: string) => {
    const found = measured.filter((one) => one.engine === name && one.filter === filter);
    const slowest = found.toSorted((a, b) => b.median - a.median)[0]!;
    return [
      milliseconds(median(found.map((one) => one.median))),
      `${milliseconds(slowest.median)} (${slowest.sort})`,
      milliseconds(Math.max(...found.map((one) => one.worst))),
    ];
  };
  const rows = FILTERS.map(inWords).map((filter) =>
    [`\`${filter}\``].concat(names.flatMap((name) => cellsOf(name, filter))),
  );
  console.log(
    [
      `First page of ${PAGE} among ${whole(options.users)} users, in each of the ${SORTS.length} orders:\n`,
      `${table(['filter', ...names.flatMap((name) => [name, 'slowest order', 'worst'])], rows)}\n`,
      `- median over the orders of the median of at most ${options.rounds} rounds; the order with the greatest median; the worst of all rounds (goal: each median at most ${GOAL} ms)`,
      ...lines,
      ...machineLines(machine, false),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

async function measure(
  { engine, store }: Subject,
  filter: Partial<UserQuery>,
  sort: Sort,
  rounds: number,
): Promise<Measured> {
  const query = { ...ANYONE, limit: PAGE, after: null, ...filter, sort };
  const times: number[] = [];
  let users = 0;
  for (const begin = performance.now(); times.length < rounds && performance.now() - begin < MOST_TIME;) {
    const start = performance.now();
    users = (await store.list(query)).users.length;
    times.push(performance.now() - start);
  }
  return {
    engine,
    filter: inWords(filter),
    sort,
    users,
    median: median(times),
    worst: Math.max(...times),
    rounds: times.length,
  };
}

/** Names a slow query with its plans. */
async function slow(subject: Subject, filter: Partial<UserQuery>, one: Measured): Promise<string> {
  const query = { ...ANYONE, limit: PAGE, after: null, ...filter, sort: one.sort };
  const Store = subject.store.constructor as new (database: Subject['database']) => Subject['store'];
  const plans = await plansOf(subject, (database) => new Store(database).list(query));
  return [
    `- slow on ${one.engine}: ${one.filter}, ${one.sort}: ${milliseconds(one.median)}`,
    ...plans
      .join('\n\n')
      .split('\n')
      .map((line) => `    ${line}`),
  ].join('\n');
}

/** What an insert costs with the indexes of the search, and without them, one after another. */
async function inserts(subject: Subject, count: number): Promise<string> {
  const time = async (from: number) => {
    const times: number[] = [];
    for (let index = 0; index < INSERTS; index += 1) {
      const user = person(from + index, 0);
      const begin = performance.now();
      await subject.store.insert(user, 'hash');
      times.push(performance.now() - begin);
    }
    return median(times);
  };
  const after = await time(count);
  await dropIndexes(subject);
  await run(subject, 'create index coatcheck_users_by_creation on coatcheck_users (created_at, id)');
  const before = await time(count + INSERTS);
  return `- an insert on ${subject.engine}, median of ${whole(INSERTS)}: ${before.toFixed(3)} ms without the indexes of the search, ${after.toFixed(3)} ms with them`;
}

function inWords(filter: Partial<UserQuery>): string {
  return (
    Object.entries(filter)
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('&') || 'none'
  );
}
