import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { Stage, childrenOf, inParallel, none, told, until } from './support.js';
import { WatchedClient, exactly, repeat, tokensOf } from './watch.js';

/** As many sign-ins to one account as a server takes on at once. */
const IN_FLIGHT = 25 * availableParallelism();

/** Clients of the rolling restart, each on a connection that stays open, and milliseconds that half of them pause. */
const CLIENTS = 16;
const PAUSE = 20;

/** What is under the server matters little here. */
const STORE = 'SQLite';

/** What is begun is finished, whoever stops or replaces the server. */
export const stopping: readonly Scenario[] = [
  { title: `SIGTERM with ${IN_FLIGHT} requests in flight`, play: terminate },
  { title: 'rolling restart of two workers at load', play: rollOver },
];

/** Sign-ins on connections that stay open, slow enough to be under way together. */
async function terminate(): Promise<Measurement[]> {
  return Stage.play('sqlite', async (stage) => {
    const server = await stage.start({ PASSWORD_HASH_COST: '7', STORE_TIMEOUT: '5s' });
    const [client, idle] = [new WatchedClient(server), new WatchedClient(server)];
    const [email = ''] = await client.people(1);
    for (const one of [client, idle])
      await repeat(IN_FLIGHT, IN_FLIGHT, async () => void (await one.send('GET', '/status')));
    let inFlight = IN_FLIGHT;
    const logins = Array.from({ length: IN_FLIGHT }, async () => {
      const outcome = await client.login(email);
      inFlight -= 1;
      return outcome;
    });
    // All were sent before the first of them can be answered.
    await Promise.race(logins);
    const caught = inFlight;
    if (caught < IN_FLIGHT / 2) throw new Error(`Only ${caught} requests are in flight.`);
    const signalled = performance.now();
    const code = await server.stop('SIGTERM');
    const ms = Math.round(performance.now() - signalled);
    const outcomes = await Promise.all(logins);
    const dropped = outcomes.filter((outcome) => outcome?.status !== 200).length;
    return [
      none(`requests dropped by SIGTERM, with ${caught} in flight`, STORE, dropped, outcomes.length),
      exactly('exit code after SIGTERM', STORE, `${code}`, '0'),
      told('time from SIGTERM to the end', STORE, `${ms} ms`),
    ];
  });
}

async function rollOver(scale: Scale): Promise<Measurement[]> {
  return Stage.play('sqlite', async (stage) => {
    const server = await stage.start({ WORKERS: '2' });
    if (childrenOf(server).length !== 2) throw new Error('There are no two workers.');
    const client = new WatchedClient(server);
    const tokens = await tokensOf(client, await client.people(4), CLIENTS);
    const load = new WatchedClient(server);
    const over = new AbortController();
    const clients = inParallel(CLIENTS, async (lane) => {
      while (!over.signal.aborted) {
        await load.me(tokens[lane]!);
        if (lane % 2 === 0) await delay(Math.random() * PAUSE);
      }
    });
    const restarts = scale === 'short' ? 1 : 5;
    const begin = performance.now();
    try {
      for (let restart = 0; restart < restarts; restart += 1) await replaceWorkers(server);
    } finally {
      over.abort();
      await clients;
    }
    const seconds = ((performance.now() - begin) / 1000 / restarts).toFixed(1);
    return [
      none(
        `requests dropped by ${restarts} rolling restarts of two workers`,
        STORE,
        load.countBeside(200),
        load.total,
      ),
      told('their answers', STORE, load.outcomes),
      told('time of one rolling restart', STORE, `${seconds} s`),
      exactly(
        'exit code of the workers’ parent after SIGTERM',
        STORE,
        `${await server.stop('SIGTERM')}`,
        '0',
      ),
    ];
  });
}

/** Has all workers replaced; they have new process ids then. */
async function replaceWorkers(server: Server): Promise<void> {
  const old = childrenOf(server);
  process.kill(server.pid!, 'SIGHUP');
  await until(() => {
    const now = childrenOf(server);
    return now.length === old.length && !now.some((pid) => old.includes(pid));
  });
  await delay(200);
}
