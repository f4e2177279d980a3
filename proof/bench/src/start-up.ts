import { createServer } from 'node:net';
import { get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import { PINNING, machineFacts } from './machine.js';
import { type Spread, spreadOf } from './measure/statistics.js';
import { chosen } from './options.js';
import { HOST } from './peers/environment.js';
import { Progress } from './progress.js';
import { milliseconds, spread } from './report/numbers.js';
import { keepRaw, machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { COATCHECK_STORES } from './servers/coatcheck.js';
import type { Contestant } from './servers/contestant.js';
import { EXPRESS, NODE_HTTP, STOCK_NEST } from './servers/peers.js';
import { type Place, newPlace } from './servers/place.js';
import { reachable } from './servers/reachable.js';
import { Server } from './servers/server.js';

/** Milliseconds between two knocks, and after which a start has failed. */
const KNOCK = 2;
const PATIENCE = 30_000;

/** What `npm run bench -- start-up` can be told. */
export interface StartUpOptions {
  readonly only?: readonly string[];
  readonly rounds: number;
  readonly out?: string;
}

interface Starter {
  readonly contestant: Contestant;
  readonly place: Place;
  /** Milliseconds to the first answer, of each round. */
  readonly times: number[];
}

interface StartResult {
  readonly name: string;
  readonly times: readonly number[];
  readonly time: Spread;
  /** ÷ the anchor's of the same round. */
  readonly ratio: Spread;
}

/** Measures how long a new process takes to its first answer ÷ stock Nest, again and again in turn. */
export async function startUp(options: StartUpOptions): Promise<void> {
  const others = chosen([NODE_HTTP, EXPRESS, ...COATCHECK_STORES], options.only);
  const { present, skipped } = await reachable(others);
  const machine = machineFacts();
  const port = await freePort();
  const starters: Starter[] = [];
  for (const contestant of [STOCK_NEST, ...present]) {
    starters.push({ contestant, place: await newPlace(contestant.needs), times: [] });
  }
  const progress = new Progress(starters.length * (options.rounds + 1));
  // The first start, which makes tables and fills the caches of the disk, does not count.
  for (const { contestant, place } of starters) {
    progress.step(`first start: ${contestant.name}`);
    await firstAnswer(contestant, place, port);
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const { contestant, place, times } of starters) {
      progress.step(`round ${round} of ${options.rounds}: ${contestant.name}`);
      times.push(await firstAnswer(contestant, place, port));
    }
  }
  progress.end();
  const results = starters.map((starter) => resultOf(starter, starters[0]!));
  const raw = await keepRaw('start-up', { machine, options, results }, options.out);
  const rows = results.map(({ name, time, ratio }) => [name, spread(ratio), milliseconds(time.median)]);
  console.log(
    [
      `${table(['server', '÷ stock Nest', 'first answer after start'], rows)}\n`,
      ...skipped,
      ...machineLines(machine, PINNING !== null),
      '- tables are there already, and files are in the cache of the disk',
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

/** Milliseconds from the start of a process to its first answer, of whatever status; it is stopped afterwards. */
async function firstAnswer(contestant: Contestant, place: Place, port: number): Promise<number> {
  const begin = performance.now();
  const server = Server.launch({
    file: contestant.file,
    folder: place.folder,
    variables: contestant.variables(place, port),
    cpu: PINNING?.server ?? null,
  });
  try {
    while (!(await answers(port, contestant.path))) {
      if (server.hasEnded || performance.now() - begin > PATIENCE) {
        throw new Error(`${contestant.name} did not answer:\n${server.output}`);
      }
      await delay(KNOCK);
    }
    return performance.now() - begin;
  } finally {
    await server.stop();
  }
}

function answers(port: number, path: string): Promise<boolean> {
  return new Promise((resolve) => {
    get({ host: HOST, port, path, agent: false }, (response) => {
      response.resume().once('end', () => resolve(true));
    }).once('error', () => resolve(false));
  });
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, HOST);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

function resultOf({ contestant, times }: Starter, anchor: Starter): StartResult {
  const ratios = times.map((time, round) => time / anchor.times[round]!);
  return { name: contestant.name, times, time: spreadOf(times), ratio: spreadOf(ratios) };
}
