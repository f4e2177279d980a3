import { setTimeout as delay } from 'node:timers/promises';
import { readFileSync } from 'node:fs';
import { createClient } from '@redis/client';
import { Client as PostgresClient } from 'pg';
import { PostgresServer, type RedisServer } from '../../test/support/engines.js';
import type { Server } from '../../test/support/server.js';
import { fullDisk } from './full-disk.js';
import { Ledger } from './ledger.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { NAMES, PASSWORD, Stage, inParallel, none, told, until } from './support.js';
import { WatchedClient, atMost, exactly, repeat, tokenOwner } from './watch.js';

type Engine = 'postgres' | 'redis';

/** Milliseconds: of the slowest refusal while the engine is down, of the slowest while it hangs, and until all is well. */
const DOWN = 500;
const FROZEN = 2000;
const BACK = 2000;

/** Mebibytes that a server may grow while its store hangs. */
const GROWTH = 64;

/** How often connections are killed, and milliseconds of peace before each time. */
const STRIKES = 20;
const PEACE = 200;

/** The store in trouble: nobody is taken for a stranger, nobody waits for long, and nothing has to be restarted. */
export const trouble: readonly Scenario[] = [
  ...(['postgres', 'redis'] as const).flatMap((store) => [
    { title: `${NAMES[store]} is stopped`, play: (scale: Scale) => onEngine(store, scale, stop) },
    { title: `${NAMES[store]} hangs`, play: (scale: Scale) => onEngine(store, scale, freeze) },
    {
      title: `connections to ${NAMES[store]} are killed`,
      play: (scale: Scale) => onEngine(store, scale, killConnections),
    },
  ]),
  ...fullDisk,
];

/** A server and its engine, and somebody who is signed in. */
interface Scene {
  readonly engine: RedisServer | PostgresServer;
  readonly server: Server;
  readonly name: string;
  readonly scale: Scale;
  readonly email: string;
  readonly token: string;
}

function onEngine(
  store: Engine,
  scale: Scale,
  play: (scene: Scene) => Promise<Measurement[]>,
): Promise<Measurement[]> {
  return Stage.play(store, async (stage) => {
    const { engine } = stage;
    if (!engine) throw new Error('It takes an engine.');
    const server = await stage.start();
    const client = new WatchedClient(server);
    const email = await client.register('ann');
    const scene = {
      engine,
      server,
      name: NAMES[store],
      scale,
      email,
      token: await tokenOwner(client, email),
    };
    const measurements = await play(scene);
    const hasLived = await stage.kill(server);
    return [
      ...measurements,
      none(`ends of the server by itself, ${NAMES[store]} in trouble`, NAMES[store], hasLived ? 0 : 1),
    ];
  });
}

async function stop(scene: Scene): Promise<Measurement[]> {
  const { engine, server, name, scale, email } = scene;
  const leaving = await tokenOwner(new WatchedClient(server), email);
  const count = scale === 'short' ? 60 : 200;
  const [before, asked] = [new WatchedClient(server), new WatchedClient(server)];
  const leavers = new WatchedClient(server);
  await ask(before, scene, count, 10);
  await engine.kill();
  await ask(asked, scene, count, 10);
  await repeat(20, 4, async () => void (await leavers.logout(leaving)));
  const retries = await retriesAfter(scene);
  const neighbour = new WatchedClient(server);
  const status = await neighbour.send('GET', '/status');
  const ready = await neighbour.send('GET', '/health/ready');
  await engine.restart();
  const back = await timeUntilBack(scene);
  const left = await new WatchedClient(server).me(leaving);
  return [
    none('answers beside 503, stopped', name, asked.countBeside(503), asked.total),
    atMost('slowest of these, stopped', name, asked.slowest, DOWN, scale),
    told('slowest of as many before', name, `${Math.round(before.slowest)} ms`),
    exactly('Retry-After of GET /users/me and login, stopped', name, retries, '1, 1'),
    exactly(
      'GET /status and /health/ready, stopped',
      name,
      `${status?.status}, ${ready?.status}`,
      '200, 503',
    ),
    none('answers to logouts beside 503, stopped', name, leavers.countBeside(503), leavers.total),
    exactly('their session, after the return', name, `${left?.status}`, '200'),
    ...back,
  ];
}

async function freeze(scene: Scene): Promise<Measurement[]> {
  const { engine, server, name, scale } = scene;
  const count = scale === 'short' ? 200 : 500;
  const [before, flood] = [new WatchedClient(server), new WatchedClient(server)];
  await ask(before, scene, count, 50);
  const memory = memoryOf(server);
  await engine.freeze();
  const begin = performance.now();
  await ask(flood, scene, count, 50);
  const seconds = ((performance.now() - begin) / 1000).toFixed(1);
  const growth = memoryOf(server) - memory;
  engine.thaw();
  const back = await timeUntilBack(scene);
  return [
    none(
      `answers beside 503, in ${seconds} s without an answer of the store`,
      name,
      flood.countBeside(503),
      flood.total,
    ),
    atMost('slowest of these, hanging', name, flood.slowest, FROZEN, scale),
    told('slowest of as many before', name, `${Math.round(before.slowest)} ms`),
    {
      what: 'growth of the server, hanging',
      store: name,
      measured: `${growth.toFixed(1)} MiB`,
      target: `< ${GROWTH} MiB`,
      isMet: growth < GROWTH,
    },
    ...back,
  ];
}

async function killConnections(scene: Scene): Promise<Measurement[]> {
  const { engine, server, name, token } = scene;
  const client = new WatchedClient(server);
  const ledger = new Ledger(await client.people(20));
  const load = new WatchedClient(server);
  const over = new AbortController();
  const rounds = inParallel(16, async () => {
    while (!over.signal.aborted) await ledger.round(load);
  });
  let killed = 0;
  try {
    for (let strike = 0; strike < STRIKES; strike += 1) {
      await until(async () => (await client.me(token))?.status === 200);
      await delay(PEACE * (0.5 + Math.random()));
      killed += await killConnectionsOf(engine);
    }
  } finally {
    over.abort();
    await rounds;
  }
  const after = `${killed} connections were killed in ${STRIKES} strikes`;
  const back = await timeUntilBack(scene);
  const { lost, alive } = await ledger.audit(client);
  return [
    { ...none(`wrong answers, while ${after}`, name, ledger.wrong), measured: ledger.wrongAnswers || '0' },
    none(`requests without an answer, while ${after}`, name, load.count('broken'), load.total),
    told('answers meanwhile', name, load.outcomes),
    none(`acknowledged sessions lost, after ${after}`, name, lost, ledger.live),
    none(`ended sessions alive, after ${after}`, name, alive, ledger.ended),
    ...back,
  ];
}

/** Asks who it is, and every other time signs in. */
async function ask(
  client: WatchedClient,
  { email, token }: Scene,
  count: number,
  lanes: number,
): Promise<void> {
  await repeat(count, lanes, async (index) => {
    await (index % 2 === 0 ? client.me(token) : client.login(email));
  });
}

/** Milliseconds until a request succeeds, and what those that come after it are told. */
async function timeUntilBack(scene: Scene): Promise<Measurement[]> {
  const { server, name, scale, token } = scene;
  const begin = performance.now();
  const first = new WatchedClient(server);
  await until(async () => (await first.me(token))?.status === 200);
  const ms = performance.now() - begin;
  const rest = new WatchedClient(server);
  await ask(rest, scene, 200, 10);
  return [
    none('answers beside 200 and 503, until the return', name, first.countBeside(200, 503), first.total),
    atMost('first success after the return', name, ms, BACK, scale),
    none('answers beside 200, after that', name, rest.countBeside(200), rest.total),
  ];
}

/** What the header says where GET /users/me and a sign-in are refused. */
async function retriesAfter({ server, email, token }: Scene): Promise<string> {
  const signal = AbortSignal.timeout(5000);
  const root = `${server.url}/api/v1`;
  const responses = [
    await fetch(`${root}/users/me`, { headers: { cookie: token }, signal }),
    await fetch(`${root}/auth_session/login`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ email, password: PASSWORD }),
      signal,
    }),
  ];
  await Promise.all(responses.map((response) => response.arrayBuffer()));
  return responses
    .map(({ headers, status }) => headers.get('retry-after') ?? `none with ${status}`)
    .join(', ');
}

/** Mebibytes of memory that a process has. */
function memoryOf({ pid }: Server): number {
  const [, kibibytes] = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
  return Number(kibibytes) / 1024;
}

/** Kills the connections of the servers, and says how many. */
async function killConnectionsOf(engine: RedisServer | PostgresServer): Promise<number> {
  return engine instanceof PostgresServer ? killOnPostgres(engine.url) : killOnRedis(engine.url);
}

async function killOnPostgres(connectionString: string): Promise<number> {
  const client = new PostgresClient({ connectionString });
  try {
    await client.connect();
    const { rowCount } = await client.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'coatcheck'`,
    );
    return rowCount ?? 0;
  } finally {
    await client.end();
  }
}

async function killOnRedis(url: string): Promise<number> {
  const client = createClient({ url });
  client.on('error', () => {});
  try {
    await client.connect();
    return Number(await client.sendCommand(['CLIENT', 'KILL', 'TYPE', 'normal']));
  } finally {
    client.destroy();
  }
}
