import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { AuditEvent } from '../../src/audit/audit-event.js';
import { ALL_EVENTS } from '../../src/audit/audit-store.js';
import { OrderedIds } from '../../src/common/ordered-ids.js';
import { SESSION_KINDS, type StoredSession } from '../../src/sessions/session.js';
import { ALL_SESSIONS } from '../../src/sessions/session-store.js';
import { SessionToken } from '../../src/sessions/session-token.js';
import type { Backend } from '../../src/storage/backend.js';
import { openBackend } from '../../src/storage/connections.js';
import type { User } from '../../src/users/user.js';
import { ALL_USERS } from '../../src/users/user-query.js';
import type { Measurement, Scale, Scenario } from './scenario.js';
import { NAMES, Stage, type Store, percentile, told } from './support.js';
import { WatchedClient, atMost, tokensOf } from './watch.js';

/** Sessions of one user, and users and events in all. */
const COUNT = { full: 20_000, short: 2_000 } satisfies Record<Scale, number>;

/** Milliseconds that a first page may take at the store. */
const FIRST_PAGE = 5;

const ROUNDS = 50;
const LANES = 50;
const MINUTE = 60_000;
const PAGE = 101;

/** The first page of a long list costs what a page costs, and others do not wait for it. */
export const lists: readonly Scenario[] = [
  { title: 'first pages of long lists in memory', play: (scale) => inMemory(scale) },
  ...(['sqlite', 'postgres', 'redis'] as const).map((store) => ({
    title: `first pages of long lists on ${NAMES[store]}`,
    play: (scale: Scale) => Stage.play(store, (stage) => play(stage, store, scale)),
  })),
];

async function inMemory(scale: Scale): Promise<Measurement[]> {
  const backend = await openBackend('memory:', MINUTE);
  await fill(backend, backend, 'ann', COUNT[scale]);
  const pages = await pagesOf(backend, backend, 'ann', 'memory', scale);
  const [some, many] = [await sweepTime(COUNT[scale]), await sweepTime(4 * COUNT[scale])];
  return [
    ...pages,
    told(
      `a sweep of ${COUNT[scale]} expired sessions of one user, and of four times as many`,
      'memory',
      `${some.toFixed(1)} ms, ${many.toFixed(1)} ms`,
    ),
  ];
}

/** Milliseconds in which so many expired sessions of one user are forgotten. */
async function sweepTime(count: number): Promise<number> {
  const { sessions } = await openBackend('memory:', MINUTE);
  for (let index = 0; index < count; index += 1)
    await sessions.insert(sessionOf('ann', new Date(index), index));
  const now = new Date();
  const begin = performance.now();
  for (let isLast = false; !isLast;) ({ isLast } = await sessions.sweep(now, 500));
  return performance.now() - begin;
}

async function play(stage: Stage, store: Store, scale: Scale): Promise<Measurement[]> {
  const server = await stage.start();
  const client = new WatchedClient(server);
  const [ann = '', ben = ''] = await client.people(2);
  const [hers = ''] = await tokensOf(client, [ann], 1);
  const [his = ''] = await tokensOf(client, [ben], 1);
  const { id } = JSON.parse((await client.me(hers))!.body) as { id: string };
  const users = await openBackend(store === 'postgres' ? stage.engine!.url : `sqlite:${stage.file}`, MINUTE);
  const sessions = store === 'redis' ? await openBackend(stage.engine!.url, MINUTE) : users;
  try {
    await fill(users, sessions, id, COUNT[scale]);
    const pages = await pagesOf(users, sessions, id, NAMES[store], scale);
    const calm = await timesOf(() => client.me(his));
    const over = new AbortController();
    const listing = listWhile(over.signal, () => client.send('GET', '/sessions', { cookie: hers }));
    const busy = await timesOf(() => client.me(his));
    over.abort();
    const listed = await listing;
    const name = NAMES[store];
    return [
      ...pages,
      told('GET /sessions over HTTP, median and slowest', name, inWords(listed)),
      told("another's GET /users/me before, median and slowest", name, inWords(calm)),
      atMost("another's GET /users/me under that load, median", name, percentile(busy, 0.5), 20, scale),
      told('and the slowest', name, inWords(busy)),
    ];
  } finally {
    await Promise.all([...new Set([users, sessions])].map((backend) => backend.close()));
  }
}

async function pagesOf(
  { users, audit }: Backend,
  { sessions }: Backend,
  id: string,
  name: string,
  scale: Scale,
): Promise<Measurement[]> {
  const now = new Date();
  const page = (facts: Partial<typeof ALL_SESSIONS>) =>
    sessions.findByUser(id, now, { ...ALL_SESSIONS, limit: PAGE, credentialVersion: 1, ...facts });
  const last = (await page({})).at(-1)!;
  const asked: Readonly<Record<string, () => Promise<{ readonly length: number }>>> = {
    sessions: () => page({}),
    'sessions, the second page': () => page({ after: last }),
    'access tokens': () => page({ kind: 'access_token' }),
    users: async () => (await users!.list({ ...ALL_USERS, limit: PAGE })).users,
    'audit events': async () => (await audit!.list(ALL_EVENTS, 100, null)).events,
  };
  const measurements: Measurement[] = [];
  for (const [what, ask] of Object.entries(asked)) {
    const times: number[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const begin = performance.now();
      if ((await ask()).length < 100) throw new Error(`A page of ${what} is short.`);
      times.push(performance.now() - begin);
    }
    const of = `a page of ${COUNT[scale]} at the store: ${what}`;
    measurements.push(atMost(`${of}, median`, name, percentile(times, 0.5), FIRST_PAGE, scale));
  }
  return measurements;
}

async function fill(
  { users, audit }: Backend,
  { sessions }: Backend,
  userId: string,
  count: number,
): Promise<void> {
  const ids = new OrderedIds();
  const begin = Date.now() - count;
  for (let index = 0; index < count; index += LANES)
    await Promise.all(
      Array.from({ length: LANES }, async (_, lane) => {
        const at = new Date(begin + index + lane);
        await sessions.insert(sessionOf(userId, at, index + lane));
        await users!.insert(userAt(at), 'hash');
        await audit!.append(eventAt(at, ids.next(at)));
      }),
    );
}

function sessionOf(userId: string, at: Date, index: number): StoredSession {
  const { id, secretHash } = SessionToken.issue(at, userId);
  return {
    id,
    userId,
    secretHash,
    kind: SESSION_KINDS[index % 3]!,
    transport: 'cookie',
    scope: 'write',
    label: null,
    credentialVersion: 1,
    createdAt: at,
    authenticatedAt: at,
    proofs: { password: at },
    lastSeenAt: at,
    expiresAt: new Date(at.getTime() + 24 * 60 * MINUTE),
    client: {
      ip: '192.0.2.1',
      userAgent: 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
    },
  };
}

function userAt(at: Date): User {
  const id = randomUUID();
  const facts = {
    firstName: null,
    lastName: null,
    role: 'user',
    disabled: false,
    credentialVersion: 1,
    emailVerifiedAt: null,
  } as const;
  return { id, email: `${id}@example.com`, ...facts, createdAt: at, updatedAt: at };
}

function eventAt(at: Date, id: string): AuditEvent {
  const by = { via: 'http', ip: '192.0.2.1', userAgent: 'Example/1.0', requestId: null } as const;
  const facts = { type: 'sign_in', actorId: 'ann', subjectId: 'ann', sessionId: null, details: {} } as const;
  return { id, at, count: 1, lastAt: at, ...by, ...facts };
}

/** Milliseconds that requests took, one every ten. */
async function timesOf(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let round = 0; round < 3 * ROUNDS; round += 1) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
    await delay(10);
  }
  return times;
}

/** Milliseconds that lists took, asked one after another. */
async function listWhile(over: AbortSignal, ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  while (!over.aborted) {
    const begin = performance.now();
    await ask();
    times.push(performance.now() - begin);
  }
  return times;
}

function inWords(times: readonly number[]): string {
  return `${percentile(times, 0.5).toFixed(1)} ms, ${percentile(times, 1).toFixed(1)} ms`;
}
