import { setTimeout as delay } from 'node:timers/promises';
import SqliteConnection from 'better-sqlite3';
import { Ledger } from './ledger.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { Client, NAMES, Stage, type Store, inParallel, none, percentile, told, until } from './support.js';

const LANES = 12;

/** How many sessions are alive, and as many ended, when it is over; whose they are; how often it crashes meanwhile. */
interface Amount {
  readonly sessions: number;
  readonly people: number;
  readonly kills: number;
}

const SHORT: Amount = { sessions: 120, people: 10, kills: 2 };
const SERVER: Amount = { sessions: 10_000, people: 100, kills: 30 };
const ENGINE: Amount = { sessions: 5000, people: 100, kills: 20 };

/** After the server or its engine was killed under load: what was acknowledged is there, what was ended is over. */
export const crashes: readonly Scenario[] = [
  killsOfServer('sqlite', { ...SERVER, kills: 100 }),
  killsOfServer('postgres', SERVER),
  killsOfServer('redis', SERVER),
  killsOfEngine('postgres'),
  killsOfEngine('redis'),
  {
    title: 'kill -9 of Redis that flushes once a second',
    play: async (scale) => {
      const measurements = await killEngine('redis', scale, 'everysec');
      return measurements.map(({ what, measured }) => told(what, 'Redis, everysec', measured));
    },
  },
];

/** What is killed, and who may ask it meanwhile. */
interface Victim {
  /** A client of the server, as soon as there is one. */
  client(): Promise<Client>;
  /** Kills it and has it back. */
  strike(): Promise<void>;
}

interface Toll {
  readonly ledger: Ledger;
  readonly lost: number;
  readonly alive: number;
  /** Milliseconds from the victim's return to the next acknowledged ending, of each time. */
  readonly pauses: readonly number[];
}

function killsOfServer(store: Store, amount: Amount): Scenario {
  return {
    title: `kill -9 of the server on ${NAMES[store]}`,
    play: (scale) =>
      Stage.play(store, async (stage) => {
        const { kills, ...rest } = scale === 'short' ? SHORT : amount;
        const toll = await crash(serverOf(stage), { kills, ...rest });
        const measurements = report(toll, store, `${kills} kills of the server`);
        return store === 'sqlite' ? [...measurements, ...inspect(stage.file, kills)] : measurements;
      }),
  };
}

function killsOfEngine(store: 'postgres' | 'redis'): Scenario {
  return { title: `kill -9 of ${NAMES[store]}`, play: (scale) => killEngine(store, scale) };
}

function killEngine(
  store: 'postgres' | 'redis',
  scale: Scale,
  appendfsync: 'always' | 'everysec' = 'always',
): Promise<Measurement[]> {
  const amount = scale === 'short' ? SHORT : ENGINE;
  return Stage.play(
    store,
    async (stage) => {
      const server = await stage.start();
      const toll = await crash(engineOf(stage, new Client(server)), amount);
      if (!(await stage.kill(server))) throw new Error(`The server ended by itself:\n${server.output()}`);
      const slowest = `${Math.round(percentile(toll.pauses, 1))} ms`;
      return [
        ...report(toll, store, `${amount.kills} kills of the engine`),
        told('slowest return of the server, after its engine', NAMES[store], slowest),
      ];
    },
    { appendfsync },
  );
}

/** A server, killed and started again on the same storage. */
function serverOf(stage: Stage): Victim {
  const begin = async () => {
    const server = await stage.start();
    return { server, client: new Client(server) };
  };
  let up = begin();
  return {
    client: async () => (await up).client,
    async strike() {
      const { server, client } = await up;
      const wasUp = await stage.kill(server);
      client.close();
      if (!wasUp) throw new Error(`The server ended by itself:\n${server.output()}`);
      up = begin();
      await up;
    },
  };
}

/** The engine under a server that is left to itself; it is down for up to a second. */
function engineOf({ engine }: Stage, client: Client): Victim {
  return {
    client: async () => client,
    async strike() {
      await engine?.kill();
      await delay(Math.random() * 1000);
      await engine?.restart();
    },
  };
}

/** Strikes at random moments of the load, and once more when all is quiet; then counts. */
async function crash(victim: Victim, { sessions, people, kills }: Amount): Promise<Toll> {
  const ledger = new Ledger(await (await victim.client()).people(people));
  const pauses: number[] = [];
  const isDone = () => ledger.live >= sessions && ledger.ended >= sessions;
  const over = new AbortController();
  const load = inParallel(LANES, async () => {
    while (!over.signal.aborted && !isDone()) await ledger.round(await victim.client());
  });
  const strikes = async () => {
    for (const moment of momentsOf(kills)) {
      await reach(ledger, moment * sessions);
      await delay(Math.random() * 20);
      await victim.strike();
      const { ended } = ledger;
      const back = performance.now();
      await until(() => ledger.ended > ended || isDone());
      pauses.push(performance.now() - back);
    }
  };
  try {
    await Promise.all([load, strikes()]);
  } finally {
    over.abort();
  }
  await victim.strike();
  return { ledger, pauses, ...(await ledger.audit(await victim.client())) };
}

/** Waits for so many endings; throws when there are no more for long. */
async function reach(ledger: Ledger, count: number): Promise<void> {
  while (ledger.ended < count) {
    const { ended } = ledger;
    await until(() => ledger.ended > ended);
  }
}

/** Shares of the load, in order and none at its very end. */
function momentsOf(count: number): number[] {
  return Array.from({ length: count }, () => Math.random() * 0.95).toSorted((a, b) => a - b);
}

function report({ ledger, lost, alive }: Toll, store: Store, after: string): Measurement[] {
  const name = NAMES[store];
  return [
    none(`acknowledged sessions lost, after ${after}`, name, lost, ledger.live),
    none(`ended sessions alive, after ${after}`, name, alive, ledger.ended),
    {
      ...none(`wrong answers, during ${after}`, name, ledger.wrong),
      measured: ledger.wrongAnswers || '0',
    },
  ];
}

/** What SQLite says about a file that nobody has open, and sessions of nobody in it: no user was removed. */
function inspect(file: string, kills: number): Measurement[] {
  const database = new SqliteConnection(file, { readonly: true });
  try {
    const verdict = String(database.pragma('integrity_check', { simple: true }));
    const orphans = database
      .prepare(
        'select count(*) from coatcheck_sessions where user_id not in (select id from coatcheck_users)',
      )
      .pluck()
      .get() as number;
    return [
      {
        what: `integrity_check, after ${kills} kills of the server`,
        store: NAMES.sqlite,
        measured: verdict,
        target: 'ok',
        isMet: verdict === 'ok',
      },
      none(`orphan rows, after ${kills} kills of the server`, NAMES.sqlite, orphans),
    ];
  } finally {
    database.close();
  }
}
