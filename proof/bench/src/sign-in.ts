import { once } from 'node:events';
import { connect } from 'node:net';
import { availableParallelism } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { machineFacts } from './machine.js';
import { quantile } from './measure/statistics.js';
import { HASH_ALONE } from './paths.js';
import { PASSWORD } from './peers/people.js';
import { Progress } from './progress.js';
import { milliseconds, ratio, whole } from './report/numbers.js';
import { keepRaw, machineLines } from './report/raw.js';
import { table } from './report/table.js';
import { coatcheck } from './servers/coatcheck.js';
import { COATCHECK } from './servers/entrance.js';
import { newPlace } from './servers/place.js';
import { Server } from './servers/server.js';

/** What `npm run bench -- sign-in` can be told. */
export interface SignInOptions {
  readonly seconds: number;
  readonly rate: number;
  readonly out?: string;
}

/** The product's default, which this measures. */
const HASH_COST = 12;

/** People who sign in again and again without a break. */
const CLIENTS = 24;

/** Sign-ins that come at once, more than may wait. */
const FLOOD = 400;

/** What one kind of requests met. */
interface Felt {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly others: number;
}

/** Measures sign-ins at the default cost ÷ what the hash alone gives, and what signed-in requests feel meanwhile. */
export async function signIn(options: SignInOptions): Promise<void> {
  const machine = machineFacts();
  const progress = new Progress(4);
  progress.step('the hash alone');
  const alone = await hashesAlone(options.seconds);
  const { url, cookie } = await openServer();
  progress.step('signed-in requests, while nobody signs in');
  const quiet = await ask(url, cookie, options);
  progress.step('the same, while sign-ins saturate');
  const until = performance.now() + options.seconds * 1000;
  const [signIns, busy] = await Promise.all([signInUntil(url, until), ask(url, cookie, options)]);
  progress.step('a flood');
  const flood = await floodWith(url);
  progress.end();
  const results = { alone, quiet, signIns, busy, flood };
  const raw = await keepRaw('sign-in', { machine, options, results }, options.out);
  const row = (name: string, { perSecond, p50, p99, others }: Felt) => [
    name,
    whole(perSecond),
    milliseconds(p50),
    milliseconds(p99),
    whole(others),
  ];
  console.log(
    [
      `${table(
        ['GET /users/me', 'answers/s', 'p50', 'p99', 'no 200'],
        [row('nobody signs in', quiet), row(`${CLIENTS} clients sign in without a break`, busy)],
      )}\n`,
      `- sign-ins at bcrypt cost ${HASH_COST}: ${signIns.toFixed(2)}/s; the hash alone on ${availableParallelism()} cores: ${alone.toFixed(2)}/s; ÷ ${ratio(signIns / alone)} (goal: at least 0.9)`,
      `- signed-in requests while sign-ins saturate ÷ quiet: rate ${ratio(busy.perSecond / quiet.perSecond)} (at least 0.85), p99 ${ratio(busy.p99 / quiet.p99)} (at most 1.5)`,
      `- ${FLOOD} sign-ins at once: ${flood.served} served, ${flood.refused} told 429, the slowest of those after ${milliseconds(flood.slowestRefusal)} (at most 1,200 ms, as they are held back for a second)`,
      ...machineLines(machine, false),
      `- all figures: ${raw}`,
    ].join('\n'),
  );
}

async function openServer(): Promise<{ url: string; cookie: string }> {
  const contestant = coatcheck('session_db_auth', 'sqlite');
  const place = await newPlace(contestant.needs);
  const variables = { ...contestant.variables(place, 0), PASSWORD_HASH_COST: `${HASH_COST}` };
  const server = Server.launch({ file: contestant.file, folder: place.folder, variables, cpu: null });
  const url = await server.url();
  await COATCHECK.signUp?.(url, emailOf(0));
  await Promise.all(
    Array.from({ length: CLIENTS - 1 }, (_, index) => COATCHECK.signUp?.(url, emailOf(index + 1))),
  );
  return { url, cookie: (await COATCHECK.signIn(url, emailOf(0))).value };
}

function emailOf(index: number): string {
  return `someone.${index}@example.com`;
}

/** How many hashes a second there are where each core does nothing else. */
async function hashesAlone(seconds: number): Promise<number> {
  const variables = { HASH_COST: `${HASH_COST}`, SECONDS: `${seconds}` };
  const hashers = Array.from({ length: availableParallelism() }, () =>
    Server.launch({ file: HASH_ALONE, folder: process.cwd(), variables, cpu: null }),
  );
  while (hashers.some((hasher) => !hasher.hasEnded)) await delay(100);
  return hashers.map(({ output }) => Number(output)).reduce((all, one) => all + one, 0);
}

/** Asks at a steady rate, whatever the answers take; times count from when a request was due. */
async function ask(url: string, cookie: string, { seconds, rate }: SignInOptions): Promise<Felt> {
  const begin = performance.now();
  const times: number[] = [];
  let others = 0;
  const one = async (due: number): Promise<void> => {
    const response = await fetch(`${url}/api/v1/users/me`, { headers: { cookie } });
    await response.arrayBuffer();
    if (response.status === 200) times.push(performance.now() - due);
    else others += 1;
  };
  const asked: Promise<void>[] = [];
  for (let due = begin; due < begin + seconds * 1000; due += 1000 / rate) {
    const wait = due - performance.now();
    if (wait > 0) await delay(wait);
    asked.push(one(due));
  }
  await Promise.all(asked);
  const taken = (performance.now() - begin) / 1000;
  return { perSecond: times.length / taken, p50: quantile(times, 0.5), p99: quantile(times, 0.99), others };
}

/** Sign-ins a second of clients who begin anew as soon as they are served. */
async function signInUntil(url: string, until: number): Promise<number> {
  const begin = performance.now();
  let served = 0;
  await Promise.all(
    Array.from({ length: CLIENTS }, async (_, index) => {
      while (performance.now() < until) {
        await COATCHECK.signIn(url, emailOf(index));
        served += 1;
      }
    }),
  );
  return served / ((performance.now() - begin) / 1000);
}

/** From connections that are there already, so that what is counted is little more than the server's time. */
async function floodWith(url: string): Promise<{ served: number; refused: number; slowestRefusal: number }> {
  const { hostname, port, host } = new URL(url);
  const body = JSON.stringify({ email: emailOf(0), password: PASSWORD });
  const request = [
    'POST /api/v1/auth_session/login HTTP/1.1',
    `Host: ${host}`,
    'Content-Type: application/json',
    `Content-Length: ${Buffer.byteLength(body)}`,
    '',
    body,
  ].join('\r\n');
  const sockets = Array.from({ length: FLOOD }, () => connect(Number(port), hostname));
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  const answers = await Promise.all(
    sockets.map(async (socket) => {
      const begin = performance.now();
      socket.write(request);
      const [answer] = (await once(socket, 'data')) as [Buffer];
      return { status: answer.toString('latin1', 9, 12), time: performance.now() - begin };
    }),
  );
  for (const socket of sockets) socket.destroy();
  const refused = answers.filter(({ status }) => status === '429');
  return {
    served: answers.filter(({ status }) => status === '200' || status === '201').length,
    refused: refused.length,
    slowestRefusal: Math.max(0, ...refused.map(({ time }) => time)),
  };
}
