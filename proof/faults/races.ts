import { setTimeout as delay } from 'node:timers/promises';
import type { Server } from '../../test/support/server.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import {
  Client,
  NAMES,
  PASSWORD,
  STORES,
  Stage,
  type Store,
  inParallel,
  none,
  percentile,
  told,
  until,
} from './support.js';
import { atMost, tokenOwner, tokensOf } from './watch.js';

/** A use of a session is written down when a twentieth of the idle limit has passed since the last. */
const IDLE_TIMEOUT = 5000;
const TOUCH_INTERVAL = IDLE_TIMEOUT / 20;

/** Requests that race one logout, and logouts that race at a time. */
const USES = 3;
const LOGOUTS = 8;

/** How many tokens are made at a time: few enough that none is left idle for too long. */
const BATCH = 64;

/** Sign-ins with the old password that race one change of it, and changes that happen at a time. */
const SIGN_INS = 3;
const CHANGES = 4;

/** Changes of the password of one user, who is then left alone with all those sessions. */
const CHANGES_PER_USER = 20;

/** Two servers on one storage, one of which does what the other has to know. */
export const races: readonly Scenario[] = STORES.flatMap((store) => [
  {
    title: `requests race a logout on ${NAMES[store]}`,
    play: (scale: Scale) =>
      onTwo(store, (pair) => raceLogouts(pair, store, scale === 'short' ? 100 : 10_000)),
  },
  {
    title: `a session is ended in one process and used in another on ${NAMES[store]}`,
    play: (scale: Scale) => onTwo(store, (pair) => useEnded(pair, store, scale)),
  },
  {
    title: `a change of password races sign-ins with the old one on ${NAMES[store]}`,
    play: (scale: Scale) => onTwo(store, (pair) => raceChanges(pair, store, scale === 'short' ? 30 : 2000)),
  },
]);

interface Pair {
  readonly here: Client;
  readonly there: Client;
  /** The server behind `here`. */
  readonly server: Server;
}

function onTwo(store: Store, play: (pair: Pair) => Promise<Measurement[]>): Promise<Measurement[]> {
  // Sign-ins with a password that was just changed are part of the play.
  const variables = { SESSION_IDLE_TIMEOUT: `${IDLE_TIMEOUT}ms`, AUTH_THROTTLE: 'off' };
  return Stage.play(store, async (stage) => {
    const server = await stage.start(variables);
    const pair = { server, here: new Client(server), there: new Client(await stage.start(variables)) };
    try {
      return await play(pair);
    } finally {
      pair.here.close();
      pair.there.close();
    }
  });
}

/** Requests that write down the use of a session here, while it ends there; half of them are held up midway. */
async function raceLogouts(pair: Pair, store: Store, rounds: number): Promise<Measurement[]> {
  const emails = await pair.there.people(16);
  const toll = { rounds: 0, overtaken: 0, revived: 0 };
  for (let batch = 0; toll.rounds < rounds; batch += 1) {
    if (batch * BATCH > 2 * rounds + BATCH) throw new Error('Half of the logouts are not acknowledged.');
    const tokens = await tokensOf(pair.there, emails, Math.min(BATCH, rounds - toll.rounds));
    await delay(TOUCH_INTERVAL);
    for (let holdUp = batch % 2 === 0; tokens.length > 0; holdUp = !holdUp) {
      await raceSome(pair, tokens.splice(0, LOGOUTS), holdUp, toll);
    }
  }
  return [
    none('sessions revived by a request that races their logout', NAMES[store], toll.revived, toll.rounds),
    told('of these, acknowledged before the request was answered', NAMES[store], `${toll.overtaken}`),
  ];
}

async function raceSome(
  { here, there, server }: Pair,
  tokens: readonly string[],
  holdUp: boolean,
  toll: { rounds: number; overtaken: number; revived: number },
): Promise<void> {
  const uses = tokens.map((token) => Promise.all(Array.from({ length: USES }, () => use(here, token))));
  await delay(Math.random() * (holdUp ? 12 : 4));
  if (holdUp) signal(server, 'SIGSTOP');
  const ends = await Promise.all(tokens.map((token) => end(there, token)));
  if (holdUp) signal(server, 'SIGCONT');
  for (const [index, token] of tokens.entries()) {
    const answers = (await uses[index]) ?? [];
    const ended = ends[index] ?? null;
    if (ended === null) continue;
    toll.rounds += 1;
    if (answers.some((answered) => answered !== null && answered > ended)) toll.overtaken += 1;
    if ((await isAccepted(here, token)) || (await isAccepted(there, token))) toll.revived += 1;
  }
}

/** When a request was answered as one of a live session, or null. */
async function use(client: Client, token: string): Promise<number | null> {
  return (await client.me(token))?.status === 200 ? performance.now() : null;
}

/** When the end of a session was acknowledged, or null. */
async function end(client: Client, token: string): Promise<number | null> {
  return (await client.logout(token))?.status === 200 ? performance.now() : null;
}

async function useEnded(pair: Pair, store: Store, scale: Scale): Promise<Measurement[]> {
  const count = scale === 'short' ? 200 : 20_000;
  const emails = await pair.there.people(16);
  const visible: number[] = [];
  let successes = 0;
  for (let batch = 0; visible.length < count; batch += 1) {
    if (batch * BATCH > 2 * count + BATCH) throw new Error('Half of the logouts are not acknowledged.');
    const [from, to] = batch % 2 === 0 ? [pair.here, pair.there] : [pair.there, pair.here];
    const tokens = await tokensOf(from, emails, Math.min(BATCH, count - visible.length));
    await inParallel(2, async () => {
      for (let token = tokens.pop(); token !== undefined; token = tokens.pop()) {
        // Whoever might remember a session has met it.
        await to.me(token);
        const ended = await end(from, token);
        if (ended === null) continue;
        const first = await to.me(token);
        if (first?.status === 200) successes += 1;
        if (first?.status !== 401) await until(async () => !(await isAccepted(to, token)));
        visible.push(performance.now() - ended);
      }
    });
  }
  const name = NAMES[store];
  return [
    none('requests that succeed after the session was ended elsewhere', name, successes, visible.length),
    atMost('an end is visible elsewhere, p99', name, percentile(visible, 0.99), 10, scale),
    told('an end is visible elsewhere, median and slowest', name, medianAndSlowest(visible)),
  ];
}

async function raceChanges(pair: Pair, store: Store, rounds: number): Promise<Measurement[]> {
  const toll = { attempts: 0, rounds: 0, met: 0, alive: 0, lost: 0 };
  await inParallel(CHANGES, async (lane) => {
    for (let name = 1; toll.rounds < rounds; name += 1) {
      if (toll.attempts > 2 * rounds + 100) throw new Error('Half of the changes are not acknowledged.');
      await changeSome(pair, await pair.here.register(`${lane}-${name}`), rounds, toll);
    }
  });
  const name = NAMES[store];
  return [
    none('changes of a password that leave an old session good', name, toll.alive, toll.rounds),
    none('sessions lost that the change itself opened', name, toll.lost, toll.rounds),
    told('changes during which somebody signed in with the old password', name, `${toll.met}`),
  ];
}

/** Changes the password of one user, again and again until a change is not acknowledged. */
async function changeSome(
  { here, there }: Pair,
  email: string,
  rounds: number,
  toll: { attempts: number; rounds: number; met: number; alive: number; lost: number },
): Promise<void> {
  let [token, password] = [await tokenOwner(here, email), PASSWORD];
  for (let version = 1; version <= CHANGES_PER_USER && toll.rounds < rounds; version += 1) {
    toll.attempts += 1;
    const next = `${PASSWORD} ${version}`;
    const body = { current_password: password, new_password: next };
    const begun = performance.now();
    const [changed, ...signIns] = await Promise.all([
      here.send('PUT', '/users/me/password', { body, cookie: token }),
      ...Array.from({ length: SIGN_INS }, async () => {
        await delay(Math.random() * 12);
        const sent = performance.now();
        return { sent, outcome: await there.login(email, password) };
      }),
    ]);
    if (changed?.status !== 200 || changed.cookie === null) return;
    const old = [token];
    for (const { sent, outcome } of signIns) {
      if (outcome?.status === 200 && outcome.cookie !== null) old.push(outcome.cookie);
      if (outcome?.status === 200 && sent < begun + changed.ms) toll.met += 1;
    }
    let alive = 0;
    for (const one of old) if ((await isAccepted(here, one)) || (await isAccepted(there, one))) alive += 1;
    if (alive > 0) toll.alive += 1;
    [token, password] = [changed.cookie, next];
    if (!(await isAccepted(there, token))) toll.lost += 1;
    toll.rounds += 1;
  }
}

/** What a server says of a token; while its store does not answer, it is asked again. */
async function isAccepted(client: Client, token: string): Promise<boolean> {
  let status: number | undefined;
  await until(async () => {
    status = (await client.me(token))?.status;
    return status === 200 || status === 401;
  });
  return status === 200;
}

function medianAndSlowest(values: readonly number[]): string {
  return `${percentile(values, 0.5).toFixed(1)} ms, ${percentile(values, 1).toFixed(1)} ms`;
}

function signal({ pid }: Server, name: NodeJS.Signals): void {
  if (pid !== undefined) process.kill(pid, name);
}
