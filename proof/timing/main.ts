import { randomInt } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { Agent, request } from 'node:http';
import { parseArgs } from 'node:util';
import { Server, newFolder } from '../../test/support/server.js';
import { auc } from './auc.js';
import { FACTOR_DOORS, measureFactors } from './factors.js';
import { KINDS, type Kind, populate, shuffled } from './harness.js';
import { measureMails } from './mails.js';

/**
 * `npm run timing -- [--count N] [--cost N] [login] [basic] [second_step] [passkey] [forgot] [register]`: failed attempts of each kind
 * at each door, requests for mails, and bcrypt's cost.
 */
const DEFAULTS = { count: '5000', cost: '6' };
const DOORS = ['login', 'basic'] as const;
const FLOW_NAMES = ['forgot', 'register'] as const;

/** What nobody may tell apart better than that, and what fails. */
const TARGET = 0.52;
const LIMIT = 0.55;

/** Bytes of the passwords that are tried. */
const LENGTHS = [1, 72, 73, 256];

/** Attempts that are made before any counts. */
const WARM_UP = 200;

interface Sample {
  readonly kind: Kind;
  readonly length: number;
  readonly ms: number;
}

type Door = (typeof DOORS)[number];

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: {
      count: { type: 'string', default: DEFAULTS.count },
      cost: { type: 'string', default: DEFAULTS.cost },
    },
    allowPositionals: true,
  });
  const [count, cost] = [Number(values.count), Number(values.cost)];
  const report = (name: string, pairs: readonly { readonly pair: string; readonly area: number }[]) => {
    for (const { pair, area } of pairs) {
      console.log(`| ${name} | ${pair} | ${area.toFixed(3)} | ${verdict(area)} |`);
      if (area > LIMIT) process.exitCode = 1;
    }
  };
  const isWanted = (name: string) => positionals.length === 0 || positionals.includes(name);
  for (const door of DOORS.filter(isWanted)) report(door, await measure(door, count, cost));
  for (const door of FACTOR_DOORS.filter(isWanted)) report(door, await measureFactors(door, count, cost));
  for (const flow of FLOW_NAMES.filter(isWanted)) report(flow, await measureMails(flow, count, cost));
}

/** Fails at one door, all kinds in turn, and compares the times of each two. */
async function measure(door: Door, count: number, cost: number) {
  const folder = newFolder();
  const emails = await populate(folder, count + WARM_UP, cost);
  const server = await Server.start(folder, {
    AUTH_TYPE: door === 'login' ? 'session_db_auth' : 'basic_auth',
    PASSWORD_HASH_COST: String(cost),
    TRUST_PROXY: '1',
    AUTH_FAILURES_PER_SERVER: '999999999',
    LOG_LEVEL: 'silent',
    STORE_TIMEOUT: '10s',
  });
  try {
    const samples = await collect(server.url, door, emails, count);
    return [
      ...pairs(KINDS, samples, ({ kind }) => kind),
      ...pairs(
        LENGTHS.map((length) => `${length} bytes`),
        samples,
        ({ length }) => `${length} bytes`,
      ),
    ];
  } finally {
    await server.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** One after another, so that each waits for nothing but its own. */
async function collect(
  url: string,
  door: Door,
  emails: Readonly<Record<Kind, readonly string[]>>,
  count: number,
): Promise<Sample[]> {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  const samples: Sample[] = [];
  for (let round = 0; round < count + WARM_UP; round += 1) {
    for (const kind of shuffled(KINDS)) {
      const length = LENGTHS[round % LENGTHS.length]!;
      const email = emails[kind][round % emails[kind].length]!;
      const ms = await fail(url, door, agent, email, 'x'.repeat(length));
      if (round >= WARM_UP) samples.push({ kind, length, ms });
    }
  }
  agent.destroy();
  return samples;
}

/** Milliseconds until an attempt is refused whole; from a network of its own, as one address would be throttled. */
function fail(url: string, door: Door, agent: Agent, email: string, password: string): Promise<number> {
  const body = JSON.stringify({ email, password });
  const basic = Buffer.from(`${email}:${password}`).toString('base64');
  const from = `10.${randomInt(2, 256)}.${randomInt(256)}.${randomInt(256)}`;
  const isLogin = door === 'login';
  const options = {
    agent,
    method: isLogin ? 'POST' : 'GET',
    headers: {
      'x-forwarded-for': from,
      ...(isLogin ? { 'content-type': 'application/json' } : { authorization: `Basic ${basic}` }),
    },
  };
  const path = isLogin ? '/api/v1/auth_session/login' : '/api/v1/users/me';
  return new Promise((resolve, reject) => {
    const begin = performance.now();
    const sent = request(`${url}${path}`, options, (response) => {
      response.resume().once('end', () => {
        if (response.statusCode === 401) resolve(performance.now() - begin);
        else reject(new Error(`An attempt was answered with ${response.statusCode}.`));
      });
    });
    sent.once('error', reject);
    sent.end(isLogin ? body : undefined);
  });
}

/** Each two of the classes, and how well their times are told apart. */
function pairs(classes: readonly string[], samples: readonly Sample[], classOf: (sample: Sample) => string) {
  const timesOf = (one: string) => samples.filter((sample) => classOf(sample) === one).map(({ ms }) => ms);
  return classes.flatMap((one, index) =>
    classes
      .slice(index + 1)
      .map((other) => ({ pair: `${one}, ${other}`, area: auc(timesOf(one), timesOf(other)) })),
  );
}

function verdict(area: number): string {
  if (area <= TARGET) return 'even';
  return area <= LIMIT ? 'above the target of 0.52' : 'TOLD APART';
}

await main();
