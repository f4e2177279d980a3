import { setTimeout as delay } from 'node:timers/promises';
import { RedisCluster, ReplicatedRedis, SentinelRedis, has } from '../../test/support/engines.js';
import { Forwarder } from '../../test/support/forwarder.js';
import type { Server } from '../../test/support/server.js';
import { Ledger } from './ledger.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import {
  type Client,
  MissingEngineError,
  type Outcome,
  Stage,
  inParallel,
  none,
  told,
  until,
} from './support.js';
import { WatchedClient, atMost } from './watch.js';

/** Milliseconds from the trouble until sign-ins and requests are served again. */
const BACK = 5_000;
/** The same on a machine that runs other tests, too. */
const SHORT_BACK = 15_000;

/** Milliseconds of load before each trouble, until it is at work, and without a refusal for it to be over. */
const BEFORE = { full: 1_000, short: 500 };
const UNDERWAY = { full: 5_000, short: 2_500 };
const QUIET = 1_000;

/** How many people sign in and out. */
const PEOPLE = { full: 20, short: 6 };

/** How many do something at the same time, half of them on each of two servers. */
const LANES = 8;

/** Redis with replicas, and one trouble that makes a replica the primary. */
interface Setting {
  readonly url: string;
  strike(): Promise<void>;
  /** All is as before, but for who is the primary. */
  mend(): Promise<void>;
  close(): Promise<void>;
}

/** A replica becomes the primary: what was acknowledged is there, what was ended stays ended, and all goes on by itself. */
export const redisFailovers: readonly Scenario[] = [
  scenario('The primary is killed under Sentinel', 'Sentinel', async () => {
    const redis = await SentinelRedis.start();
    return settingOf(redis, redis.url, async () => (await redis.primary()).kill());
  }),
  scenario('The primary is demoted under Sentinel while it answers', 'Sentinel', async () => {
    const redis = await SentinelRedis.start();
    return settingOf(redis, redis.url, () => redis.failOver());
  }),
  scenario('A primary of a Redis Cluster is killed', 'Redis Cluster', async () => {
    const cluster = await RedisCluster.start({ replicas: 3 });
    return {
      url: cluster.url,
      strike: async () => (await cluster.primaryOf(0)).kill(),
      mend: () => cluster.mend(),
      close: () => cluster.close(),
    };
  }),
  scenario('Another Redis is the primary behind one address', 'Redis', async () => {
    const redis = await ReplicatedRedis.start();
    const address = await Forwarder.start((await redis.primary()).port);
    const swap = async () => {
      const old = await redis.primary();
      const next = redis.servers.find((server) => server !== old)!;
      await redis.promote(next);
      address.switchTo(next.port);
    };
    const setting = settingOf(redis, `redis://127.0.0.1:${address.port}`, swap);
    return { ...setting, close: () => address.close().then(() => redis.close()) };
  }),
];

function scenario(title: string, name: string, begin: () => Promise<Setting>): Scenario {
  return { title, play: (scale) => play(name, scale, begin) };
}

function settingOf(redis: ReplicatedRedis, url: string, strike: () => Promise<void>): Setting {
  return { url, strike, mend: () => redis.mend(), close: () => redis.close() };
}

/** Remembers when it was refused last. */
class Witness extends WatchedClient {
  #refusedAt = -Infinity;

  get refusedAt(): number {
    return this.#refusedAt;
  }

  override async send(...request: Parameters<Client['send']>): Promise<Outcome> {
    const outcome = await super.send(...request);
    if (outcome === null || outcome.status === 503) this.#refusedAt = performance.now();
    return outcome;
  }
}

async function play(name: string, scale: Scale, begin: () => Promise<Setting>): Promise<Measurement[]> {
  if (!has('redis-server')) throw new MissingEngineError('This machine has no redis-server.');
  const setting = await begin();
  try {
    return await Stage.play('sqlite', async (stage) => {
      const variables = { SESSION_STORE_URL: setting.url };
      const servers = [await stage.start(variables), await stage.start(variables)];
      return [...(await watch(servers, setting, name, scale)), ...(await ends(stage, servers, name))];
    });
  } finally {
    await setting.close();
  }
}

async function watch(
  servers: readonly Server[],
  setting: Setting,
  name: string,
  scale: Scale,
): Promise<Measurement[]> {
  const strikes = scale === 'short' ? 1 : 5;
  const clients = servers.map((server) => new Witness(server));
  const ledger = new Ledger(await clients[0]!.people(PEOPLE[scale]));
  const over = new AbortController();
  const rounds = inParallel(LANES, async (lane) => {
    while (!over.signal.aborted) await ledger.round(clients[lane % clients.length]!);
  });
  const waits: number[] = [];
  try {
    for (let strike = 0; strike < strikes; strike += 1) {
      if (strike > 0) await setting.mend();
      await delay(BEFORE[scale]);
      const struck = performance.now();
      await setting.strike();
      await delay(UNDERWAY[scale]);
      await until(() => clients.every((client) => performance.now() - client.refusedAt > QUIET));
      waits.push(Math.max(0, ...clients.map((client) => client.refusedAt - struck)));
    }
  } finally {
    over.abort();
    await rounds;
  }
  const { lost, alive } = await ledger.audit(clients[0]!);
  const answers = clients.map((client) => client.outcomes).join('; ');
  return [
    {
      ...none(`wrong answers in ${strikes} fail-overs`, name, ledger.wrong),
      measured: ledger.wrongAnswers || '0',
    },
    atMost('until the last refusal', name, Math.max(...waits), scale === 'full' ? BACK : SHORT_BACK),
    told('answers of both servers', name, answers),
    none('acknowledged sessions lost', name, lost, ledger.live),
    none('ended sessions alive', name, alive, ledger.ended),
  ];
}

async function ends(stage: Stage, servers: readonly Server[], name: string): Promise<Measurement[]> {
  const lived = await Promise.all(servers.map((server) => stage.kill(server)));
  return [none('ends of servers by themselves', name, lived.filter((hasLived) => !hasLived).length)];
}
