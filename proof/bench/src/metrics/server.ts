import { writeFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import type { Metrics } from '../../../../dist/lib/server/metrics/metrics.js';
import { addPeople, addSessions } from '../growth/filling.js';
import { product } from '../growth/product.js';
import { median } from '../measure/statistics.js';
import { libraryFile } from '../paths.js';
import { announce } from '../peers/environment.js';
import { PASSWORD } from '../peers/people.js';
import type { Switched } from './switched.js';

const SESSIONS = 1000;

/** Milliseconds of a turn: short, because a machine is never equally fast for long. */
const TURN = 100;

/** How often a scrape is timed. */
const SCRAPES = 20;

/** The product as others import it. On a line of input it switches its metrics on and off, and tells what requests took. */
const { AppModule, PasswordHasher, SessionLifetime, SessionStore, UserStore } = product;
const { Metrics: MetricsOfProcess } = (await import(libraryFile('server/metrics/metrics.js'))) as {
  readonly Metrics: typeof Metrics;
};
const config = product.loadConfig(process.env);
const app = await product.createApp(AppModule.forRoot(config), config.http, {
  logger: ['error', 'warn'],
  abortOnError: false,
});
const owner = { ip: null, connection: null, account: 'bench' };
const passwordHash = await app.get(PasswordHasher).hash(PASSWORD, owner);
const people = await addPeople(app.get(UserStore), passwordHash, SESSIONS);
const lifetime = new SessionLifetime(config.auth.lifetime);
const tokens = await addSessions(app.get(SessionStore), lifetime, people, SESSIONS);
const credentials = resolve('credentials.txt');
await writeFile(credentials, tokens.map((value) => `Cookie: ${config.auth.cookie.name}=${value}\n`).join(''));
console.log(`filled ${JSON.stringify(credentials)}`);

await app.listen(config.port, config.host);
const server = app.getHttpServer();
announce(server.address() as AddressInfo);

let requests = 0;
server.on('request', () => (requests += 1));

createInterface({ input: process.stdin }).on('line', async (line) => {
  console.log(`switched ${JSON.stringify(await compare(Number(line)))}`);
});

/** Compares so many pairs of turns. */
async function compare(pairs: number): Promise<Switched> {
  const ratios: number[] = [];
  const without: number[] = [];
  let scrape = NaN;
  for (let pair = 0; pair < pairs; pair += 1) {
    const turn = { off: NaN, on: NaN };
    for (const isOn of pair % 2 === 0 ? [false, true] : [true, false]) {
      const metrics = isOn ? switchOn() : null;
      turn[isOn ? 'on' : 'off'] = await cpuPerRequest();
      if (metrics && pair === pairs - 1) scrape = await timeOfScrape(metrics.metrics);
      metrics?.switchOff();
    }
    ratios.push(Number((turn.on / turn.off).toFixed(3)));
    without.push(turn.off);
  }
  return { ratios, without: median(without), scrape };
}

/** As `METRICS_PORT` does it; `switchOff` leaves nothing of it. */
function switchOn() {
  const events = ['request', 'checkExpectation', 'clientError'] as const;
  const before = events.map((event) => server.rawListeners(event));
  const metrics = new MetricsOfProcess();
  metrics.watch(app as unknown as Parameters<Metrics['watch']>[0], '/api/v1');
  const added = events.map((event, index) =>
    server.rawListeners(event).filter((listener) => !before[index]!.includes(listener)),
  );
  const switchOff = () => {
    metrics.stop();
    for (const [index, event] of events.entries())
      for (const listener of added[index]!) server.off(event, listener as () => void);
  };
  return { metrics, switchOff };
}

/** Microseconds of this process for each request of a turn. */
async function cpuPerRequest(): Promise<number> {
  // What is in flight began in the turn before.
  await delay(TURN / 10);
  const [cpu, before] = [process.cpuUsage(), requests];
  await delay(TURN);
  const { user, system } = process.cpuUsage(cpu);
  return (user + system) / (requests - before);
}

/** Microseconds until a scrape is there, beside the requests. */
async function timeOfScrape(metrics: Metrics): Promise<number> {
  const begin = performance.now();
  for (let scrape = 0; scrape < SCRAPES; scrape += 1) await metrics.text();
  return ((performance.now() - begin) * 1000) / SCRAPES;
}
