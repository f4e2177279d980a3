import { setTimeout as delay } from 'node:timers/promises';
import { PostgresServer, has } from '../../test/support/engines.js';
import { Forwarder } from '../../test/support/forwarder.js';
import type { Server } from '../../test/support/server.js';
import { Ledger } from './ledger.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { MissingEngineError, NAMES, Stage, inParallel, none, told, until } from './support.js';
import { WatchedClient, repeat, tokenOwner, tokensOf } from './watch.js';

const POSTGRES = NAMES.postgres;

/** Milliseconds until a sign-in succeeds after the other server can be written. */
const BACK = 5000;

/** Sessions that one process ends and another one, which has only read until then, is asked about. */
const WITNESSED = 20;

/** How the primary ends. */
type End = 'dies' | 'becomes read-only';

/** How clients find the servers. */
type Way = 'one address' | 'a URL of two servers';

/** A standby takes over from the primary while people sign in and out. No server of ours is started again. */
export const postgresFailover: readonly Scenario[] = (['dies', 'becomes read-only'] as const).flatMap((end) =>
  (['one address', 'a URL of two servers'] as const).map((way) => ({
    title: `The primary of PostgreSQL ${end}, behind ${way}`,
    play: (scale: Scale) => playTakeover(end, way, scale),
  })),
);

async function playTakeover(end: End, way: Way, scale: Scale): Promise<Measurement[]> {
  if (!has('postgres')) throw new MissingEngineError('This machine has no postgres.');
  const primary = await PostgresServer.start();
  const opened: { close(): Promise<void> }[] = [primary];
  try {
    const standby = await primary.startStandby();
    opened.push(standby);
    const forwarder = await Forwarder.start(primary.port);
    opened.unshift(forwarder);
    const hosts = way === 'one address' ? [forwarder] : [primary, standby];
    const url = urlOf(hosts.map(({ port }) => port));
    return await Stage.play('sqlite', async (stage) => {
      const [writer, reader] = [
        await stage.start({ DATABASE_URL: url }),
        await stage.start({ DATABASE_URL: url }),
      ];
      return takeOver({ primary, standby, forwarder, writer, reader, end, way, scale });
    });
  } finally {
    for (const one of opened) await one.close();
  }
}

interface Scene {
  readonly primary: PostgresServer;
  readonly standby: PostgresServer;
  readonly forwarder: Forwarder;
  /** The server that people use. */
  readonly writer: Server;
  /** A server that is only asked who is signed in. */
  readonly reader: Server;
  readonly end: End;
  readonly way: Way;
  readonly scale: Scale;
}

async function takeOver(scene: Scene): Promise<Measurement[]> {
  const { primary, standby, forwarder, writer, reader, end, way, scale } = scene;
  const [client, witness, load] = [
    new WatchedClient(writer),
    new WatchedClient(reader),
    new WatchedClient(writer),
  ];
  const people = await client.people(4);
  const witnessed = await tokensOf(client, people, WITNESSED);
  // The reader has as many connections as it may, all of them to the primary.
  await repeat(60, 20, async (index) => void (await witness.me(witnessed[index % WITNESSED]!)));

  const ledger = new Ledger(people);
  const over = new AbortController();
  const rounds = inParallel(4, async () => {
    while (!over.signal.aborted) await ledger.round(load);
  });
  const peace = scale === 'short' ? 500 : 3000;
  await delay(peace);
  const begin = performance.now();
  if (end === 'dies') await primary.kill();
  else await primary.makeReadOnly();
  await standby.promote();
  forwarder.switchTo(standby.port);
  const promoted = performance.now();
  await until(async () => (await client.login(people[0]!))?.status === 200);
  const back = performance.now() - promoted;
  const outage = performance.now() - begin;

  let alive = 0;
  for (const token of witnessed) {
    await until(async () => (await client.logout(token))?.status === 200);
    alive += (await witness.me(token))?.status === 200 ? 1 : 0;
  }
  await delay(peace);
  over.abort();
  await rounds;

  const rest = new WatchedClient(writer);
  await repeat(100, 10, async () => void (await rest.login(people[1]!)));
  await tokenOwner(witness, people[2]!);
  const audit = await ledger.audit(client);
  const what = `${end}, ${way}`;
  return [
    {
      what: `first sign-in after the standby can be written: ${what}`,
      store: POSTGRES,
      measured: `${Math.round(back)} ms`,
      target: `≤ ${BACK} ms`,
      isMet: back <= BACK,
    },
    told(`from the fault to that sign-in: ${what}`, POSTGRES, `${Math.round(outage)} ms`),
    told(`answers to the load: ${what}`, POSTGRES, load.outcomes),
    { ...none(`wrong answers: ${what}`, POSTGRES, ledger.wrong), measured: ledger.wrongAnswers || '0' },
    none(`requests without an answer: ${what}`, POSTGRES, load.count('broken'), load.total),
    none(`sign-ins refused after the return: ${what}`, POSTGRES, rest.countBeside(200), rest.total),
    none(`acknowledged sessions lost: ${what}`, POSTGRES, audit.lost, ledger.live),
    none(`ended sessions alive: ${what}`, POSTGRES, audit.alive, ledger.ended),
    none(`ended sessions alive to a process that only read: ${what}`, POSTGRES, alive, WITNESSED),
  ];
}

function urlOf(ports: readonly number[]): string {
  const hosts = ports.map((port) => `127.0.0.1:${port}`).join(',');
  return `postgres://coatcheck@${hosts}/postgres?target_session_attrs=read-write`;
}
